"""A group of options, written once, is options of every command that takes it."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any

import pytest
import typer
from typer.testing import CliRunner

from clearance.commandline import Answering
from clearance.form_options import FormOptions
from clearance.option_groups import gathers


@dataclasses.dataclass(frozen=True)
class Colours:
    """Two options, one of which must be given."""

    paint: Annotated[str, typer.Option("--paint")]
    coats: Annotated[int, typer.Option("--coats", "-c")] = 2


@dataclasses.dataclass(frozen=True)
class Sizes:
    """Another group."""

    wide: Annotated[bool, typer.Option("--wide")] = False


def answered(*words: str) -> tuple[int, list[Any], str]:
    """Run a command that takes both groups: exit code, what it was called with, output."""
    got: list[Any] = []
    app = typer.Typer()

    @app.command()
    @gathers(colours=Colours, sizes=Sizes)
    def paint(
        wall: Annotated[str, typer.Argument()],
        colours: Colours,
        *,
        twice: Annotated[bool, typer.Option("--twice")] = False,
        sizes: Sizes,
    ) -> None:
        got.extend((wall, colours, twice, sizes))

    done = CliRunner().invoke(app, list(words))
    return done.exit_code, got, done.output


def test_a_command_is_called_with_its_groups_filled_in() -> None:
    code, got, _ = answered("north", "--paint", "red", "-c", "3", "--twice", "--wide")
    assert (code, got) == (0, ["north", Colours("red", 3), True, Sizes(True)])


def test_what_is_not_given_has_the_default_of_its_field() -> None:
    assert answered("north", "--paint", "red")[1] == ["north", Colours("red", 2), False, Sizes()]


@pytest.mark.parametrize(
    "words", [("north",), ("--paint", "red"), ("north", "--paint", "red", "x")]
)
def test_a_field_without_a_default_must_be_given(words: tuple[str, ...]) -> None:
    code, got, _ = answered(*words)
    assert (code, got) == (2, [])


def test_the_help_shows_every_field() -> None:
    code, _, shown = answered("--help")
    assert code == 0
    assert all(option in shown for option in ("--paint", "--coats", "--twice", "--wide"))
    assert "--colours" not in shown


def test_no_two_groups_of_a_command_share_a_field() -> None:
    """The later would take the earlier's value."""
    fields = [
        field.name for group in (FormOptions, Answering) for field in dataclasses.fields(group)
    ]
    assert len(set(fields)) == len(fields)
