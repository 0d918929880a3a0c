"""The commands about paper, and the record of processing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from clearance.commandline import N_, Answering, CommandGroup, today
from clearance.option_groups import gathers
from forms import printing_commands, reading_commands

forms_app = typer.Typer(cls=CommandGroup, no_args_is_help=True, help=N_("Paper forms."))


printing_commands.add_to(forms_app)
reading_commands.add_to(forms_app)


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
    from clearance.processing_record import record_document, record_markdown
    from clearance.registry_care import processing_record
    from forms.atomic import written_whole
    from forms.errors import ReportFormatError

    code = answering.words.code
    with answering.opened() as (opened, settings):
        record = processing_record(opened, settings, today())
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
