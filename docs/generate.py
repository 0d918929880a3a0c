"""Write docs/commands.md from the program's own command table.

    python docs/generate.py

A test fails when the page and the program differ.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import cli

PAGE = Path(__file__).resolve().parent / "commands.md"
HEADER = """# Commands

Written by `docs/generate.py` from the program itself; `clearance COMMAND --help` says the same in
your language. `clear PHOTO...` is `clearance check PHOTO...`; `clear` alone clears the terminal.
"""


def commands(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Every command that does something, with its full name."""
    children = getattr(command, "commands", {})
    if not children:
        yield name, command
    for child, sub in children.items():
        yield from commands(f"{name} {child}", sub)


def section(name: str, command: Any) -> str:
    """One command: what it does, its arguments and options."""
    lines = [f"## `{name}`", "", command.help, "", "| | |", "|---|---|"]
    for parameter in command.params:
        if parameter.param_type_name == "option":
            value = "" if parameter.is_flag else f" {parameter.metavar or 'N'}"
            label = ", ".join(f"`{opt}{value}`" for opt in parameter.opts)
        else:
            label = f"`{parameter.metavar}`"
        must = " Required." if parameter.required else ""
        cells = f"{parameter.help or ''}{must}".replace("|", "\\|")
        lines.append(f"| {label.replace('|', chr(92) + '|')} | {cells} |")
    return "\n".join(lines) + "\n"


def page() -> str:
    """The whole page."""
    table = commands("clearance", typer.main.get_command(cli.app))
    return "\n".join([HEADER, *(section(name, command) for name, command in table)])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
