"""Paper: blanks are printed, scans are read, drafts become consents once somebody compared them.

Each does what the command of the same name does.
"""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from clearance import registry_words
from clearance.commandline import today
from clearance.recording import Counter
from clearance.roster import read_roster
from consent.decision import last_day_of
from forms import draft_words
from forms.consent_form import MOST_FORMS, form_template, print_forms
from forms.form_reading import Answer
from forms.ink import Doubt, Seen
from forms.logo import read_logo
from forms.printing_commands import PrintedWords, known_of, note_printed, of_the_right_age
from forms.reading import Compared, confirm, kept_draft
from forms.reading_commands import ConfirmOptions
from forms.scans import SUFFIXES
from forms.variants import ONE_OCCASION, VARIANTS
from forms.wording import LANGUAGES, form_language, load_wording
from review import fields
from review.answers import download, picture
from review.app import OURS
from review.errors import DeskError, InputRefusedError, NotFoundError
from review.taking_in import check_form_of, newcomer
from review.words import language_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.datastructures import UploadFile
    from starlette.responses import Response

    from clearance.form_options import FormOptions
    from clearance.language import Language
    from clearance.recording import Filed
    from clearance.roster import RefusedRow
    from consent.records import Person
    from consent.registry import Registry
    from forms.drafts import Draft
    from review.visit import Visit

_PRESET = ("event", "date", "place", "photographer")
_ROSTERS = (".csv", ".tsv", ".xlsx")
_ROSTER_BYTES = 16 * 2**20
_MOST_FILES = 200


def variant_words(words: Language) -> list[tuple[str, str]]:
    """Every form by its name, and for whom it is."""
    texts = load_wording(words.code).texts
    general = words.gettext("for everybody")
    return [
        (name, general if one.subtitle == "form.subtitle" else texts[one.subtitle])
        for name, one in VARIANTS.items()
    ]


def show(visit: Visit) -> Response:
    """What waits, and what can be begun."""
    return _show(visit)


def _show(visit: Visit, problem: str | None = None) -> Response:
    with visit.desk.registry() as registry:
        drafts = [kept_draft(serial, registry) for serial in registry.drafts()]
    rows = [
        {
            "serial": draft.serial,
            "form": f"{draft.reading['template']}-{draft.reading['version']}",
            "language": draft.reading["language"],
            "read_on": draft.reading["read_on"],
            "doubts": len(draft.doubtful),
            "problems": [draft_words.problem(one, visit.words) for one in draft.problems],
        }
        for draft in drafts
    ]
    return visit.page("forms.html", status=422 if problem else 200, drafts=rows, problem=problem)


# --- printing ----------------------------------------------------------------------------------


def printing(visit: Visit) -> Response:
    """The page to print blanks."""
    return _printing(visit)


def _printing(
    visit: Visit, problem: str | None = None, refused: tuple[RefusedRow, ...] = ()
) -> Response:
    institution = visit.desk.settings.institution
    return visit.page(
        "forms_print.html",
        status=422 if problem else 200,
        problem=problem,
        refused=refused,
        form=visit.form,
        variants=variant_words(visit.words),
        languages=[(code, language_name(code)) for code in LANGUAGES],
        first=next(iter(institution.languages), "fr"),
        most=MOST_FORMS,
        preset=_PRESET,
    )


def print_now(visit: Visit) -> Response:
    """Print blanks: a PDF to save. Their numbers are remembered."""
    try:
        return _printed(visit)
    except typer.BadParameter as error:
        return _printing(visit, error.message)
    except OURS as error:
        return _printing(visit, visit.words.error(error))


def _printed(visit: Visit) -> Response:
    settings = visit.desk.settings
    variant = fields.among(visit, "form", VARIANTS)
    second = fields.among(visit, "beside", ("", *LANGUAGES))
    language = form_language(fields.among(visit, "language", LANGUAGES), second)
    template = form_template(language, variant)
    known = preset_words(visit, {blank.name for blank in template.blanks})
    written: list[Mapping[str, str]] = [known] * _count(visit)
    upload = visit.file("roster")
    if upload is not None:
        rows, refused = _roster_rows(visit, variant)
        if refused and not fields.ticked(visit, "without_refused"):
            said = visit.words.gettext(
                "Some lines cannot be printed. Mend the list, or tick that the others are printed."
            )
            return _printing(visit, said, tuple(refused))
        written = [{**one, **known} for one in rows]
        if not written:
            raise InputRefusedError("there is nobody in the list for whom this form is")
    with tempfile.TemporaryDirectory(dir=visit.desk.home) as folder:
        path = Path(folder) / "forms.pdf"
        serials = print_forms(
            path,
            language=language,
            count=len(written),
            written=written,
            variant=variant,
            institution=settings.institution,
            logo=read_logo(visit.desk.folder, settings.institution.logo),
            copies=fields.ticked(visit, "copy"),
            fillable=fields.ticked(visit, "fillable"),
        )
        note_printed(visit.desk.folder, serials, settings, f"{template.name}-{language}")
        data = path.read_bytes()
    return download(data, f"forms-{template.name}-{language.replace('+', '-')}-{len(serials)}.pdf")


def preset_words(visit: Visit, boxes: set[str]) -> dict[str, str]:
    """What is written into the boxes before anybody signs.

    Raises:
        InputRefusedError: the form has no box for one of them; it would be lost in silence.
    """
    typed = PrintedWords(
        event=visit.text("event", most=200),
        date=visit.text("date", most=200),
        place=visit.text("place", most=200),
        photographer=visit.text("photographer", most=200),
        until=fields.day(visit, "until"),
    ).by_box()
    for name in typed:
        if name not in boxes:
            raise InputRefusedError(
                "this form has no box for {name}: leave that field empty, or take another form",
                name=name.rpartition(".")[2],
            )
    return typed


def _count(visit: Visit) -> int:
    text = visit.text("count", most=6) or "1"
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= MOST_FORMS):
        raise InputRefusedError("print 1 to {most} forms at once", most=MOST_FORMS)
    return int(text)


def _roster_rows(visit: Visit, variant: str) -> tuple[list[dict[str, str]], list[RefusedRow]]:
    """What a list says of each person, by the boxes of the form, and the lines that are refused."""
    upload = visit.file("roster")
    if upload is None:
        raise InputRefusedError("choose a file")
    suffix = fields.suffix_of(upload)
    if suffix not in _ROSTERS:
        raise InputRefusedError("the list must be a file ending in .csv, .tsv or .xlsx")
    data = fields.file_bytes(upload, _ROSTER_BYTES)
    with tempfile.TemporaryDirectory(dir=visit.desk.home) as folder:
        path = Path(folder) / f"list{suffix}"
        path.write_bytes(data)
        roster = read_roster(path)
    refused = list(roster.refused)
    rows = of_the_right_age(roster.rows, VARIANTS[variant], refused)
    return [known_of(row) for row in rows], refused


# --- reading -----------------------------------------------------------------------------------


def read(visit: Visit) -> Response:
    """Take scans in, and read them in the background."""
    uploads = [one for one in visit.form.getlist("scans") if not isinstance(one, str)]
    uploads = [one for one in uploads if one.filename][: _MOST_FILES + 1]
    try:
        if not uploads:
            raise InputRefusedError("choose at least one file")
        if len(uploads) > _MOST_FILES:
            raise InputRefusedError("send {most} files at most at once", most=_MOST_FILES)
        suffixes = [fields.suffix_of(one) for one in uploads]
        for suffix in suffixes:
            if suffix not in SUFFIXES:
                raise InputRefusedError(
                    "the scan must be a PDF or a picture: {kinds}",
                    kinds=", ".join(sorted(SUFFIXES)),
                )
        folder = _kept(visit, uploads, suffixes)
    except OURS as error:
        return _show(visit, visit.words.error(error))
    begun = visit.desk.readings.begin(visit.desk, folder)
    return visit.to("forms_reading", reading=begun.id)


def _kept(visit: Visit, uploads: Sequence[UploadFile], suffixes: Sequence[str]) -> Path:
    """A folder with the files, named by their place: what a browser calls them is not believed.

    Raises:
        DeskError: they cannot be kept; nothing is left of them then.
    """
    folder = visit.desk.readings.new_folder()
    try:
        for number, (upload, suffix) in enumerate(zip(uploads, suffixes, strict=True), 1):
            with (folder / f"{number:03}{suffix}").open("xb") as stream:
                shutil.copyfileobj(upload.file, stream, 2**20)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise DeskError(
            "the scans cannot be kept while they are read: {reason}",
            reason=error.strerror or str(error),
        ) from error
    return folder


def reading(visit: Visit) -> Response:
    """How far a stack is, and what came of it."""
    found = visit.desk.readings.get(visit.parts["reading"])
    if found is None:
        raise NotFoundError("there is no such stack any more; its drafts wait under Forms")
    words = visit.words
    return visit.page(
        "forms_reading.html",
        reading=found,
        summaries=[(one.serial, draft_words.summary(one, words)) for one in found.drafts],
        foreign=[
            (Path(name).stem.lstrip("0"), page, draft_words.foreign(why, words))
            for name, page, why in found.foreign
        ],
        problems=[words.error(one) for one in found.problems],
    )


# --- comparing ---------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """A question or a box of a draft, as somebody compares it.

    Attributes:
        name: on every form the same.
        question: in the reader's language.
        read: what the program read, in a word.
        chosen: "yes", "no", or empty where the paper says nothing clear.
        doubts: why it is doubtful; empty for none.
        look: whether a person must look.
        page: of the form, from 1.
        view: the part of the page to show: left, top, width, height in pixels.
        box: whether it is a place to write in.
    """

    name: str
    question: str
    read: str
    chosen: str
    doubts: str
    look: bool
    page: int
    view: str
    box: bool


_AROUND = 40
"""Pixels around a place that are shown, as in a draft's own crops."""
_WORDS, _LINE = 520, 10
"""Pixels beside and above the squares of a question that are shown: a line of the form."""


def _places(draft: Draft, words: Language, chosen: Mapping[str, str]) -> list[Place]:
    answers = [
        _place(
            name,
            one,
            draft_words.answer(read, words),
            chosen.get(name, _of_answer(read)),
            words,
            look=read.must_be_looked_at,
        )
        for name, one in draft.reading["answers"].items()
        for read in (Answer(one["answer"]),)
    ]
    boxes = [
        _place(
            name,
            one,
            draft_words.seen(read, words),
            chosen.get(name, _of_seen(read)),
            words,
            look=read is Seen.DOUBTFUL,
            box=True,
        )
        for name, one in draft.reading["writings"].items()
        for read in (Seen(one["seen"]),)
    ]
    return [*answers, *boxes]


def _of_answer(read: Answer) -> str:
    if read.must_be_looked_at:
        return ""
    return "yes" if read is Answer.YES else "no"


def _of_seen(read: Seen) -> str:
    return {Seen.MARKED: "yes", Seen.EMPTY: "no", Seen.DOUBTFUL: ""}[read]


def _place(
    name: str,
    one: Mapping[str, Any],
    read: str,
    chosen: str,
    words: Language,
    *,
    look: bool,
    box: bool = False,
) -> Place:
    return Place(
        name,
        draft_words.question(name, words),
        read,
        chosen,
        ", ".join(draft_words.doubt(Doubt(why), words) for why in one["doubts"]),
        look,
        one["page"],
        (view_of if box else _view_of_answer)(one["box"]),
        box,
    )


def view_of(box: tuple[int, int, int, int]) -> str:
    """The part of a page around a place, as an SVG's viewBox."""
    left, top, right, bottom = box
    return _view(left - _AROUND, top - _AROUND, right + _AROUND, bottom + _AROUND)


def _view_of_answer(box: tuple[int, int, int, int]) -> str:
    """A question's squares with what is printed beside them, and little of the lines around.

    The words of a pair stand before it, those of a single square after it.
    """
    left, top, right, bottom = box
    pair = right - left > 2 * (bottom - top)
    before, after = (_WORDS, 2 * _AROUND) if pair else (_AROUND, _WORDS)
    return _view(left - before, top - _LINE, right + after, bottom + _LINE)


def _view(left: int, top: int, right: int, bottom: int) -> str:
    left, top = max(0, left), max(0, top)
    return f"{left} {top} {right - left} {bottom - top}"


def draft(visit: Visit) -> Response:
    """A draft beside its paper, place by place."""
    return _draft_page(visit)


def _draft_page(visit: Visit, problem: str | None = None) -> Response:
    words = visit.words
    with visit.desk.registry() as registry:
        found = kept_draft(visit.parts["serial"], registry)
        if not problem:
            registry.audit("draft.read", serial=found.serial)
    chosen = {
        name.removeprefix("said."): value
        for name, value in visit.form.items()
        if name.startswith("said.") and isinstance(value, str)
    }
    places = _places(found, words, chosen)
    return visit.page(
        "forms_draft.html",
        status=422 if problem else 200,
        problem=problem,
        draft=found,
        reading=found.reading,
        doubtful=[one for one in places if one.look],
        clear=[one for one in places if not one.look],
        problems=[draft_words.problem(one, words) for one in found.problems],
        elsewhere=[(one["page"], view_of(one["box"])) for one in found.reading["elsewhere"]],
        size=_size(found),
        one_occasion=found.reading["template"] in ONE_OCCASION,
        level=registry_words.level,
        form=visit.form,
        today=today(),
    )


def _size(found: Draft) -> tuple[int, int]:
    """Width and height of the flat pages in pixels; all have those of `forms.layout`."""
    from forms.layout import SIZE

    return SIZE


def draft_page(visit: Visit) -> Response:
    """A page of a draft, laid flat."""
    from starlette.responses import Response

    with visit.desk.registry() as registry:
        found = kept_draft(visit.parts["serial"], registry)
    page = found.pages.get(visit.parts["number"])
    if page is None:
        raise NotFoundError("there is no such page")
    # Made by us when the scan was read.
    return Response(page, media_type="image/png")


def draft_portrait(visit: Visit) -> Response:
    """The photo of somebody who holds the sheet."""
    from detector.photo import small_photo_from_bytes

    with visit.desk.registry() as registry:
        found = kept_draft(visit.parts["serial"], registry)
    if not found.portrait:
        raise NotFoundError("there is no such page")
    return picture(small_photo_from_bytes(found.portrait, Path("portrait"), 480).pixels)


def drop_draft(visit: Visit) -> Response:
    """Delete a draft; the paper stays."""
    serial = visit.parts["serial"]
    with visit.desk.registry() as registry:
        registry.drop_draft(serial, confirmed=False)
    said = visit.words.gettext("Deleted the draft of {serial}.")
    return visit.to("forms", said.format(serial=serial))


def confirm_draft(visit: Visit) -> Response:
    """Record a draft as a consent, with what a person said of it."""
    words = visit.words
    try:
        with visit.desk.registry() as registry:
            filed, person = _confirmed(visit, registry)
            until = last_day_of(filed.consent, registry.dossier(person.id))
    except typer.BadParameter as error:
        return _draft_page(visit, error.message)
    except OURS as error:
        return _draft_page(visit, words.error(error))
    said = words.gettext("Recorded {serial} for {name}, valid until {until}.").format(
        serial=filed.consent.serial, name=person.name, until=words.date(until)
    )
    problems = filed.references.problems if filed.references else ()
    return visit.to("person", " ".join([said, *map(words.error, problems)]), person=person.id)


def _confirmed(visit: Visit, registry: Registry) -> tuple[Filed, Person]:
    found = kept_draft(visit.parts["serial"], registry)
    said = _said(visit, found)
    guardians = [
        ", ".join(filter(None, (name.replace(",", " "), relation)))
        for name, relation in (
            (visit.text(f"guardian_{one}"), visit.text(f"relation_{one}")) for one in (1, 2)
        )
        if name
    ]
    event = visit.text("event") or None
    if found.reading["template"] in ONE_OCCASION and event is None:
        raise InputRefusedError("this form is about one occasion: write which")
    given = ConfirmOptions(
        signed=fields.needed_day(visit, "signed"),
        until=fields.needed_day(visit, "until"),
        by=visit.by,
        changes_seen=fields.ticked(visit, "changes_seen"),
        event=event,
        guardian=guardians or None,
        representative=visit.text("representative") or None,
        basis=visit.text("basis"),
        collected_by=visit.text("collected_by"),
        id_check=visit.text("id_check"),
    )
    if not fields.ticked(visit, "compared"):
        raise InputRefusedError("tick that you have compared every answer with the paper")
    settled = found.settled(said, others=given.others, changes_seen=given.changes_seen)
    form = given.form(found, settled)
    counter = Counter(registry, visit.desk.settings, visit.desk.detector, today())
    person = _person(visit, form, found, counter)
    compared = Compared(visit.by, tuple(sorted(said)))
    return confirm(counter, found, form, person, compared, visit.words), person


def _said(visit: Visit, found: Draft) -> dict[str, bool]:
    """What a person says that the program did not read, or read otherwise."""
    said: dict[str, bool] = {}
    read = {name: _of_answer(one) for name, one in found.answers.items()}
    read |= {name: _of_seen(one) for name, one in found.writings.items()}
    for name, was in read.items():
        chosen = visit.text(f"said.{name}", most=5)
        if chosen not in ("", "yes", "no"):
            raise InputRefusedError("choose one of the answers that are offered")
        if chosen and chosen != was:
            said[name] = chosen == "yes"
    return said


def _person(visit: Visit, form: FormOptions, found: Draft, counter: Counter) -> Person:
    """Whose form it is: somebody on file, or somebody who is put on file now."""
    registry = counter.registry
    name = visit.needed("person", most=500)
    if not fields.ticked(visit, "new_person"):
        return registry.find_person(name)
    if registry.people_named(name):
        raise InputRefusedError(
            "somebody of that name is on file already; add them under People if it is somebody "
            "else, and give the id here"
        )
    born = fields.day(visit, "born")
    # Nobody is put on file for a form that is then refused.
    check_form_of(newcomer(name, born, counter.on), form, found.scan, counter, visit.words)
    return registry.add_person(name, [], on=counter.on, born=born)
