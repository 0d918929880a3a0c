"""The commands that show what was published, where, and what must be taken down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from clearance.commandline import (
    N_,
    Answering,
    Command,
    CommandGroup,
    answer,
    one_of,
    today,
)
from clearance.option_groups import gathers

if TYPE_CHECKING:
    from clearance.ledger import Ledger
    from clearance.publications import State
    from clearance.settings import Settings
    from consent.registry import Registry

publications_app = typer.Typer(
    cls=CommandGroup,
    no_args_is_help=True,
    help=N_("What was published, where, and what must be taken down."),
)


def publication_state(text: str) -> State:
    """The state an option names."""
    from clearance.publications import State

    return State(one_of(text, State))


@publications_app.command(
    "list", cls=Command, help=N_("List the publications, with how far each is.")
)
@gathers(answering=Answering)
def publications_list(
    *,
    person: Annotated[
        str | None,
        typer.Option(
            "--person", metavar="PERSON", help=N_("Only those that show somebody, by id or name.")
        ),
    ] = None,
    state: Annotated[
        Any,
        typer.Option(
            "--state",
            parser=publication_state,
            metavar="STATE",
            help=N_("Only those that are so far, such as published."),
        ),
    ] = None,
    answering: Answering,
) -> None:
    with answering.opened() as (opened, settings):
        ledger = _swept(opened, settings)
        one = opened.find_person(person) if person else None
        found = ledger.of_person(one.id) if one else ledger.publications()
    found = tuple(each for each in found if state in (None, each.state))
    if answering.as_json:
        from clearance.publication_documents import summary_document

        for each in found:
            answer(summary_document(each))
        return
    from clearance import publication_tables, terminal

    if found:
        terminal.console().print(publication_tables.publications(found, answering.words))
    else:
        typer.echo(answering.words.gettext("There is no publication."))


@publications_app.command(
    "show", cls=Command, help=N_("Show one publication, and everything that happened to it.")
)
@gathers(answering=Answering)
def publications_show(
    publication: Annotated[
        str, typer.Argument(metavar="PUBLICATION", help=N_("The id of a publication."))
    ],
    answering: Answering,
) -> None:
    with answering.opened() as (opened, settings):
        found = _swept(opened, settings).publication(publication)
        names = {id_: opened.person(id_).name for id_ in sorted(found.people)}
    if answering.as_json:
        from clearance.publication_documents import publication_document

        answer(publication_document(found))
        return
    from clearance import publication_tables, terminal

    terminal.console().print(publication_tables.publication(found, names, answering.words))


@publications_app.command(
    "tasks", cls=Command, help=N_("List what must be taken down, overdue first.")
)
@gathers(answering=Answering)
def publications_tasks(
    *,
    done: Annotated[bool, typer.Option("--done", help=N_("Also what was done."))] = False,
    answering: Answering,
) -> None:
    with answering.opened() as (opened, settings):
        found = _swept(opened, settings).tasks(today(), done=done)
    if answering.as_json:
        from clearance.publication_documents import task_document

        for one in found:
            answer(task_document(one))
        return
    from clearance import publication_tables, terminal

    if found:
        terminal.console().print(publication_tables.tasks(found, answering.words))
    else:
        typer.echo(answering.words.gettext("Nothing must be taken down."))


def _swept(opened: Registry, settings: Settings) -> Ledger:
    """The ledger as of today: what has ended or was taken back counts already."""
    from clearance.ledger import Ledger

    ledger = Ledger(opened, settings)
    ledger.sweep(today())
    return ledger
