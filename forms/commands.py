"""The commands about paper."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clearance import completion
from clearance.commandline import (
    N_,
    Answering,
    Command,
    CommandGroup,
    ExitCode,
    JsonOption,
    LangOption,
    RegistryOption,
    answer,
    registry_folder,
    say,
    today,
    version,
    words_for,
)
from clearance.option_groups import gathers
from forms import reading_commands

if TYPE_CHECKING:
    from clearance.language import Language
    from clearance.roster import RosterRow
    from clearance.settings import Settings

forms_app = typer.Typer(cls=CommandGroup, no_args_is_help=True, help=N_("Paper forms."))


@forms_app.command("print", cls=Command, help=N_("Print numbered consent forms."))
def forms_print(
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FILE", help=N_("The PDF to write."))],
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
    event: Annotated[
        str,
        typer.Option("--event", metavar="NAME", help=N_("The occasion, printed on every form.")),
    ] = "",
    fillable: Annotated[
        bool, typer.Option("--fillable", help=N_("Forms that can be filled in on a screen."))
    ] = False,
    registry: RegistryOption = None,
    as_json: JsonOption = False,
    lang: LangOption = None,
) -> None:
    from clearance.roster import read_roster
    from clearance.settings import FILE_NAME, load_settings
    from forms.consent_form import print_forms

    words = words_for(lang)
    folder = registry_folder(registry)
    settings = load_settings(folder / FILE_NAME)
    guests = read_roster(roster) if roster else None
    written = [_known_of(row, event) for row in guests.rows] if guests else []
    written = written or [{"session.event": event}] * count * (guests is None)
    serials = print_forms(
        out,
        language=words.code,
        count=len(written),
        institution=settings.institution,
        written=written,
        fillable=fillable,
    )
    _note_printed(folder, serials, settings, words)
    for serial, known in zip(serials, written, strict=True) if each else ():
        print_forms(
            _in_folder(each, serial),
            language=words.code,
            count=1,
            institution=settings.institution,
            serials=[serial],
            written=[known],
            fillable=fillable,
        )
    refused = guests.refused if guests else ()
    if as_json:
        told = [{"line": one.line, "problem": str(one.problem)} for one in refused]
        answer({"path": str(out), "lang": words.code, "serials": list(serials), "refused": told})
    else:
        message = words.ngettext("{n} form in {path}", "{n} forms in {path}", len(serials))
        typer.echo(message.format(n=len(serials), path=out))
    for one in refused:
        line = words.gettext("line {line}: {problem}")
        say(line.format(line=one.line, problem=words.error(one.problem)))
    if refused:
        raise typer.Exit(ExitCode.INPUT_OR_OUTPUT)


def _known_of(row: RosterRow, event: str) -> dict[str, str]:
    """What a list says of a person, by the boxes of the form; what it does not say stays open."""
    from consent.records import Person

    born = row.born.strftime("%d.%m.%Y") if row.born else ""
    under_age = Person(id="", name=row.name, born=row.born, added_on=today()).minor_on(today())
    known = {
        "person.surname": row.surname or ("" if row.first_name else row.name),
        "person.first_name": row.first_name,
        "person.contact": row.contact,
        # Asked for under 18 only: of whom else it stays away from the paper.
        "person.birth": born if under_age else "",
        "session.event": event,
    }
    return {name: text for name, text in known.items() if text}


def _in_folder(folder: Path | None, serial: str) -> Path:
    from forms.errors import DocumentNotWrittenError

    if folder is None:
        raise AssertionError("there is no folder for single forms")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DocumentNotWrittenError(
            "{path} cannot be written ({reason}); name a new folder.",
            path=folder,
            reason=error.strerror or str(error),
        ) from error
    # By its number: names of files travel further than what is in them.
    return folder / f"{serial}.pdf"


def _note_printed(
    folder: Path, serials: Sequence[str], settings: Settings, words: Language
) -> None:
    """Remember the numbers, so that a form of another house is told from ours."""
    from consent.errors import RegistryMissingError
    from consent.registry import Registry
    from forms.consent_form import TEMPLATE, VERSION

    try:
        registry = Registry.open(folder, settings.consent)
    except RegistryMissingError:
        return
    with registry:
        registry.note_printed(f"{TEMPLATE}-{VERSION}-{words.code}", serials)


reading_commands.add_to(forms_app)


@forms_app.command("notice", cls=Command, help=N_("Print the notice for the door of an event."))
@gathers(answering=Answering)
def forms_notice(
    *,
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FILE", help=N_("The PDF to write."))],
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
            autocompletion=completion.of("fr", "de", "it", "en"),
        ),
    ] = None,
    answering: Answering,
) -> None:
    """It informs, and is no consent: whoever passes it has agreed to nothing."""
    from clearance.commandline import settings_in
    from forms.notice import print_notice

    languages = [answering.words.code, *(also or ())]
    print_notice(
        out,
        languages=languages,
        institution=settings_in(answering.folder).institution,
        event=event,
        photographer=photographer,
        address=address,
    )
    said = answering.words.gettext("Notice: {path}").format(path=out)
    answering.tell({"path": str(out), "languages": languages}, said)


ROPA_HELP = N_("Write the record of processing that data protection law asks for.")


@gathers(answering=Answering)
def ropa(
    *,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            metavar="FILE",
            help=N_("A new file ending in .md, .json or .pdf; without it, on standard output."),
        ),
    ] = None,
    answering: Answering,
) -> None:
    """As the institution's legal profile wants it, in the language of the answer."""
    from clearance.processing_record import (
        RegistryFigures,
        record_document,
        record_markdown,
        record_of_processing,
    )
    from forms.atomic import written_whole
    from forms.errors import ReportFormatError

    code = answering.words.code
    with answering.opened() as (opened, settings):
        held = opened.figures()
        record = record_of_processing(
            settings.institution,
            settings.consent,
            matching=settings.detection.matching,
            figures=RegistryFigures(
                people=held.people,
                consents=held.forms,
                templates=held.templates,
                portraits=held.portraits,
                by_capacity=held.by_capacity,
            ),
            made_on=today(),
            version=version(),
        )
    if out is None:
        text = record_markdown(record, code)
        answering.tell(record_document(record, code), *text.splitlines())
        return
    match out.suffix.lower():
        case ".pdf":
            from forms.processing_record import write_processing_record

            write_processing_record(record, out, code)
        case ".md":
            with written_whole(out) as stream:
                stream.write(record_markdown(record, code).encode())
        case ".json":
            with written_whole(out) as stream:
                document = record_document(record, code)
                stream.write(json.dumps(document, ensure_ascii=False, indent=2).encode() + b"\n")
        case suffix:
            raise ReportFormatError(
                "A record of processing is a file ending in .md, .json or .pdf, not in {suffix!r}.",
                suffix=suffix,
            )
    said = answering.words.gettext("Record of processing: {path}").format(path=out)
    answering.tell({"path": str(out), "lang": code}, said)
