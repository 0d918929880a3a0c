"""The commands that print: blank forms, and the notice at the door."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clearance import completion
from clearance.commandline import (
    N_,
    Answering,
    Command,
    ExitCode,
    day,
    one_of,
    say,
    settings_in,
    today,
)
from clearance.option_groups import gathers

if TYPE_CHECKING:
    from clearance.roster import RefusedRow, RosterRow
    from clearance.settings import Settings
    from forms.variants import Variant

PRINT_HELP = N_("Print numbered consent forms.")
NOTICE_HELP = N_("Print the notice for the door of an event.")

_FORMS = ("general", "adult", "minor", "patient", "represented", "staff", "event", "crowd")
_LANGUAGES = ("fr", "de", "it", "en")


def _form_name(text: str) -> str:
    return one_of(text, _FORMS)


def _language(text: str) -> str:
    return one_of(text, _LANGUAGES)


OutOption = Annotated[
    Path, typer.Option("-o", "--out", metavar="FILE", help=N_("The PDF to write."))
]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PrintedWords:
    """What is known before anybody signs, printed into the boxes."""

    event: Annotated[
        str,
        typer.Option("--event", metavar="NAME", help=N_("The occasion, printed on every form.")),
    ] = ""
    date: Annotated[
        str, typer.Option("--date", metavar="TEXT", help=N_("Its day or days, printed as well."))
    ] = ""
    place: Annotated[
        str, typer.Option("--place", metavar="TEXT", help=N_("Where it is, printed as well."))
    ] = ""
    photographer: Annotated[
        str, typer.Option("--photographer", metavar="NAME", help=N_("Who takes the pictures."))
    ] = ""
    until: Annotated[
        dt.date | None,
        typer.Option(
            "--until",
            parser=day,
            metavar="DATE",
            help=N_("The day on which the consent ends, printed as well."),
        ),
    ] = None

    def by_box(self) -> dict[str, str]:
        """The words by the names of their boxes; none for what is not known."""
        known = {
            "session.event": self.event,
            "session.date": self.date,
            "session.place": self.place,
            "session.photographer": self.photographer,
            "term.end": _written(self.until),
        }
        return {name: text for name, text in known.items() if text}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PrintOptions:
    """Which form, in which languages, on which sheets."""

    form: Annotated[
        str,
        typer.Option(
            "--form",
            parser=_form_name,
            metavar="|".join(_FORMS),
            help=N_("Which form; the general one is for everybody."),
            autocompletion=completion.of(*_FORMS),
        ),
    ] = "general"
    beside: Annotated[
        str | None,
        typer.Option(
            "--beside",
            parser=_language,
            metavar="fr|de|it|en",
            help=N_("A second language on the same form, side by side."),
            autocompletion=completion.of(*_LANGUAGES),
        ),
    ] = None
    copy: Annotated[
        bool,
        typer.Option(
            "--copy",
            help=N_("With a sheet for the person to keep, and a slip to withdraw with."),
        ),
    ] = False
    fillable: Annotated[
        bool, typer.Option("--fillable", help=N_("Forms that can be filled in on a screen."))
    ] = False


@gathers(printed=PrintedWords, options=PrintOptions, answering=Answering)
def forms_print(
    *,
    out: OutOption,
    count: Annotated[
        int, typer.Option("--count", min=1, max=5000, metavar="N", help=N_("How many forms."))
    ] = 1,
    roster: Annotated[
        Path | None,
        typer.Option(
            "--roster",
            metavar="LIST",
            help=N_("One form for each person of a CSV or Excel list, with what it says of them."),
        ),
    ] = None,
    each: Annotated[
        Path | None,
        typer.Option(
            "--each",
            metavar="DIR",
            help=N_("Write each form into a file of its own as well, named by its number."),
        ),
    ] = None,
    options: PrintOptions,
    printed: PrintedWords,
    answering: Answering,
) -> None:
    """Each has a number of its own, by which it is read back."""
    from clearance.roster import read_roster
    from forms.atomic import make_folder
    from forms.consent_form import form_template, print_forms
    from forms.logo import read_logo
    from forms.wording import form_language

    words = answering.words
    settings = settings_in(answering.folder)
    language = form_language(words.code, options.beside or "")
    template = form_template(language, options.form)
    known = printed.by_box()
    _check_boxes(known, {blank.name for blank in template.blanks}, answering, template.variant)
    guests = read_roster(roster) if roster else None
    refused = list(guests.refused) if guests else []
    rows = of_the_right_age(guests.rows, template.variant, refused) if guests else []
    written = [{**known_of(row), **known} for row in rows] if guests else [known] * count
    if guests and not written:
        _tell_refused(refused, answering)
        raise typer.Exit(ExitCode.INPUT_OR_OUTPUT)
    printing = functools.partial(
        print_forms,
        language=language,
        variant=options.form,
        institution=settings.institution,
        logo=read_logo(answering.folder, settings.institution.logo),
        fillable=options.fillable,
        copies=options.copy,
    )
    serials = printing(out, count=len(written), written=written)
    note_printed(answering.folder, serials, settings, f"{template.name}-{language}")
    if each:
        make_folder(each)
        for serial, one in zip(serials, written, strict=True):
            # By its number: names of files travel further than what is in them.
            printing(each / f"{serial}.pdf", count=1, serials=[serial], written=[one])
    message = words.ngettext("{n} form in {path}", "{n} forms in {path}", len(serials))
    told = [{"line": one.line, "problem": str(one.problem)} for one in refused]
    document = {
        "path": str(out),
        "form": template.name,
        "lang": language,
        "serials": list(serials),
        "refused": told,
    }
    answering.tell(document, message.format(n=len(serials), path=out))
    _tell_refused(refused, answering)
    if refused:
        raise typer.Exit(ExitCode.INPUT_OR_OUTPUT)


def _tell_refused(refused: Sequence[RefusedRow], answering: Answering) -> None:
    for one in refused:
        line = answering.words.gettext("line {line}: {problem}")
        say(line.format(line=one.line, problem=answering.words.error(one.problem)))


def _check_boxes(
    known: Mapping[str, str], boxes: set[str], answering: Answering, variant: Variant
) -> None:
    """What is to be printed has a box on this form; else it would be lost in silence."""
    for name in known:
        if name not in boxes:
            wrong = answering.words.gettext("the form {form} has no box for it")
            option = f"--{name.rpartition('.')[2]}"
            raise typer.BadParameter(wrong.format(form=variant.name), param_hint=option)


def of_the_right_age(
    rows: Sequence[RosterRow], variant: Variant, refused: list[RefusedRow]
) -> list[RosterRow]:
    """Those whom the form is for; the others are refused: their signature would be of no use."""
    from clearance.errors import RosterRowError
    from clearance.roster import RefusedRow

    found = []
    for row in rows:
        if row.born is None or variant.of_age is None or _under_age(row) is not variant.of_age:
            found.append(row)
            continue
        problem = (
            RosterRowError("under 18: print --form minor for them")
            if variant.of_age
            else RosterRowError("18 or over: print another form than that for minors")
        )
        refused.append(RefusedRow(row.line, problem))
    return found


def _under_age(row: RosterRow) -> bool:
    from consent.records import Person

    return Person(id="", name=row.name, born=row.born, added_on=today()).minor_on(today())


def known_of(row: RosterRow) -> dict[str, str]:
    """What a list says of a person, by the boxes of the form; what it does not say stays open."""
    known = {
        "person.surname": row.surname or ("" if row.first_name else row.name),
        "person.first_name": row.first_name,
        "person.contact": row.contact,
        # Asked for under 18 only: of whom else it stays away from the paper.
        "person.birth": _written(row.born) if row.born and _under_age(row) else "",
    }
    return {name: text for name, text in known.items() if text}


def _written(date: dt.date | None) -> str:
    """A day as people write it by hand in all four languages."""
    return date.strftime("%d.%m.%Y") if date else ""


def note_printed(folder: Path, serials: Sequence[str], settings: Settings, form: str) -> None:
    """Remember the numbers, so that a form of another house is told from ours."""
    from consent.errors import RegistryMissingError
    from consent.registry import Registry

    try:
        registry = Registry.open(folder, settings.consent)
    except RegistryMissingError:
        return
    with registry:
        registry.note_printed(form, serials)


@gathers(answering=Answering)
def forms_notice(
    *,
    out: OutOption,
    event: Annotated[
        str, typer.Option("--event", metavar="NAME", help=N_("Name of the event."))
    ] = "",
    photographer: Annotated[
        str, typer.Option("--photographer", metavar="NAME", help=N_("Who takes the pictures."))
    ] = "",
    address: Annotated[
        str,
        typer.Option(
            "--address",
            metavar="URL",
            help=N_("What the code on it leads to, such as a page with the form."),
        ),
    ] = "",
    also: Annotated[
        list[str] | None,
        typer.Option(
            "--also",
            metavar="fr|de|it|en",
            help=N_("A further language on the same notice; may be repeated."),
            autocompletion=completion.of(*_LANGUAGES),
        ),
    ] = None,
    answering: Answering,
) -> None:
    """It informs, and is no consent: whoever passes it has agreed to nothing."""
    from forms.logo import read_logo
    from forms.notice import print_notice

    languages = [answering.words.code, *(also or ())]
    institution = settings_in(answering.folder).institution
    print_notice(
        out,
        languages=languages,
        institution=institution,
        event=event,
        photographer=photographer,
        address=address,
        logo=read_logo(answering.folder, institution.logo),
    )
    said = answering.words.gettext("Notice: {path}").format(path=out)
    answering.tell({"path": str(out), "languages": languages}, said)


def add_to(app: typer.Typer) -> None:
    """Give the commands their names."""
    app.command("print", cls=Command, help=PRINT_HELP)(forms_print)
    app.command("notice", cls=Command, help=NOTICE_HELP)(forms_notice)
