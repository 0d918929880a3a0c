"""The commands about paper."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clearance.commandline import (
    N_,
    Answering,
    Command,
    CommandGroup,
    JsonOption,
    LangOption,
    RegistryOption,
    answer,
    registry_folder,
    today,
    version,
    words_for,
)
from clearance.option_groups import gathers
from forms import reading_commands

if TYPE_CHECKING:
    from clearance.language import Language
    from clearance.settings import Settings

forms_app = typer.Typer(cls=CommandGroup, no_args_is_help=True, help=N_("Paper forms."))


@forms_app.command("print", cls=Command, help=N_("Print numbered blank consent forms."))
def forms_print(
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FILE", help=N_("The PDF to write."))],
    count: Annotated[
        int, typer.Option("--count", min=1, max=5000, metavar="N", help=N_("How many forms."))
    ] = 1,
    registry: RegistryOption = None,
    as_json: JsonOption = False,
    lang: LangOption = None,
) -> None:
    from clearance.settings import FILE_NAME, load_settings
    from forms.consent_form import print_forms

    words = words_for(lang)
    folder = registry_folder(registry)
    settings = load_settings(folder / FILE_NAME)
    serials = print_forms(out, language=words.code, count=count, institution=settings.institution)
    _note_printed(folder, serials, settings, words)
    if as_json:
        answer({"path": str(out), "lang": words.code, "serials": list(serials)})
    else:
        message = words.ngettext("{n} form in {path}", "{n} forms in {path}", len(serials))
        typer.echo(message.format(n=len(serials), path=out))


reading_commands.add_to(forms_app)


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
