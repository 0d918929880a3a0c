"""The commands about paper."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clearance.commandline import (
    N_,
    Command,
    CommandGroup,
    JsonOption,
    LangOption,
    RegistryOption,
    answer,
    registry_folder,
    words_for,
)

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
    settings = load_settings(registry_folder(registry) / FILE_NAME)
    serials = print_forms(out, language=words.code, count=count, institution=settings.institution)
    if as_json:
        answer({"path": str(out), "lang": words.code, "serials": list(serials)})
    else:
        message = words.ngettext("{n} form in {path}", "{n} forms in {path}", len(serials))
        typer.echo(message.format(n=len(serials), path=out))
