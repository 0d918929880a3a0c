"""What people read about a form that was read from paper."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from forms.form_reading import Answer, Problem
from forms.ink import Doubt, Seen
from forms.page_codes import Foreign
from forms.wording import load_wording

if TYPE_CHECKING:
    from clearance.language import Language
    from forms.drafts import Draft

_MARKUP = re.compile(r"<[^>]*>")
_LONGEST = 60


def summary(draft: Draft, words: Language) -> list[str]:
    """A form in a few lines: its number, what is yes, what a person must look at."""
    _, ngettext = words.gettext, words.ngettext
    yes = [name for name, answer in draft.answers.items() if answer is Answer.YES]
    lines = [
        _("{serial}: form {form}, {language}; {pages} pages").format(
            serial=draft.serial,
            form=f"{draft.reading['template']}-{draft.reading['version']}",
            language=draft.reading["language"],
            pages=len(draft.reading["pages"]),
        )
    ]
    said = ngettext("{n} answer is a clear yes", "{n} answers are a clear yes", len(yes))
    doubts = len(draft.doubtful)
    looked = ngettext("{n} place must be looked at", "{n} places must be looked at", doubts)
    lines.append(f"  {said.format(n=len(yes))}; {looked.format(n=doubts)}")
    for one in draft.reading["signatures"]:
        said = (
            _("signed digitally by {signer}, {at}; a root of yours vouches for it")
            if one["trusted"]
            else _("signed digitally by somebody who calls themselves {signer}, {at}: unknown root")
        )
        lines.append(f"  {said.format(signer=one['signer'] or '–', at=one['signed_at'] or '–')}")
    lines += [f"  ! {problem(one, words)}" for one in draft.problems]
    return lines


def answers(draft: Draft, words: Language) -> list[str]:
    """Every question and box, a line each: what was read, how surely, and why not."""
    lines = []
    for name, one in draft.reading["answers"].items():
        read = answer(Answer(one["answer"]), words)
        lines.append(_line(name, one, read, words))
    for name, one in draft.reading["writings"].items():
        read = seen(Seen(one["seen"]), words)
        lines.append(_line(name, one, read, words))
    return lines


def _line(name: str, one: dict[str, object], read: str, words: Language) -> str:
    doubts = one["doubts"]
    why = ", ".join(doubt(Doubt(why), words) for why in doubts) if isinstance(doubts, list) else ""
    sure = f"{one['confidence']:.0%}"
    line = f"  {name:26} {read:10} {sure:>4}  {question(name, words)}"
    return f"{line} ({why})" if why else line


def question(name: str, words: Language) -> str:
    """A question of the form in the reader's language, shortened."""
    texts = load_wording(words.code).texts
    section, _, rest = name.partition(".")
    number, _, key = rest.rpartition(".")
    candidates = (
        name,
        f"{name}.question",
        name.removesuffix(".words"),
        f"person.{rest}" if section == "capacity" else "",
        f"crowd.{rest}",
        f"{section}.{key}" if number.isdecimal() else "",
    )
    text = next((texts[one] for one in candidates if one in texts), name)
    plain = _MARKUP.sub("", text)
    return plain if len(plain) <= _LONGEST else plain[: _LONGEST - 1].rstrip() + "…"


def answer(read: Answer, words: Language) -> str:
    """What a pair of squares says."""
    _ = words.gettext
    return {
        Answer.YES: _("yes"),
        Answer.NO: _("no"),
        Answer.NEITHER: _("–"),
        Answer.BOTH: _("both"),
        Answer.DOUBTFUL: _("look"),
    }[read]


def seen(read: Seen, words: Language) -> str:
    """Whether somebody wrote in a box."""
    _ = words.gettext
    return {Seen.MARKED: _("written"), Seen.EMPTY: _("–"), Seen.DOUBTFUL: _("look")}[read]


def doubt(why: Doubt, words: Language) -> str:
    """Why a place is doubtful."""
    _ = words.gettext
    return {
        Doubt.NOT_FOUND: _("the printed square is not to be seen"),
        Doubt.FAINT: _("faint: a smudge, a stain, a pencil"),
        Doubt.FILLED: _("blacked out"),
        Doubt.BEYOND: _("the ink goes on outside"),
    }[why]


def problem(one: Problem, words: Language) -> str:
    """What is wrong with a form."""
    _ = words.gettext
    return {
        Problem.NOT_FLAT: _("A page cannot be laid flat: its corners are not to be seen."),
        Problem.CUT_OFF: _("A part of a page lies outside the scan."),
        Problem.WRITTEN_ELSEWHERE: _("There is writing where none belongs: look at the paper."),
        Problem.PAGE_MISSING: _("A page is missing: read it as well."),
        Problem.PAGE_TWICE: _("A page was read twice and does not say the same."),
        Problem.NOT_SIGNED: _("It is not signed."),
        Problem.SIGNATURE_DOUBTFUL: _("It is doubtful whether it is signed."),
        Problem.NO_DATE: _("The day of the signature is missing or doubtful."),
        Problem.NO_END: _("The day on which it ends is missing or doubtful."),
        Problem.SERIAL_TAKEN: _("A form with this number is recorded already."),
        Problem.SERIAL_UNKNOWN: _("This number was not printed here: forged, or of another house."),
    }[one]


def foreign(why: Foreign, words: Language) -> str:
    """Why a page is none of our forms."""
    _ = words.gettext
    return {
        Foreign.NO_CODE: _("no code of a form to be seen; passed over"),
        Foreign.OTHER_CODE: _("the code of something else; passed over"),
        Foreign.WRONG_CHECK: _("its number cannot be one of a form: damaged, or forged"),
        Foreign.UNKNOWN_FORM: _("a form or version that this program does not know"),
        Foreign.SEVERAL: _("several sheets in one picture: scan them one by one"),
    }[why]
