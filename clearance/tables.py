"""Tables for a spreadsheet, in which no cell can do anything."""

from __future__ import annotations

import csv
import datetime as dt
import io
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

from clearance.errors import TableNotWrittenError
from consent.files import write_whole

# What a spreadsheet takes for the start of a formula; it skips spaces before it.
_FORMULA = frozenset("=+-@\t\r\n")
# Control and format characters, halves of characters, line and paragraph separators.
_UNPRINTABLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}
# Needed to spell names in Persian and several Indian scripts.
_JOINERS = {"\N{ZERO WIDTH JOINER}", "\N{ZERO WIDTH NON-JOINER}"}
_BREAKS = frozenset("\t\n\v\f\r\x85\N{LINE SEPARATOR}\N{PARAGRAPH SEPARATOR}")


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table as an office in Switzerland opens it; a file of that name is replaced.

    UTF-8 with a mark, semicolons, readable by its owner only. A day is written as
    2026-11-21, None as an empty cell. It is there whole or not at all.

    Raises:
        TableNotWrittenError: full disk, no permission, the name of a folder.
    """
    try:
        write_whole(path, csv_bytes(header, rows))
    except (OSError, ValueError) as error:  # ValueError: a name that no system can spell
        raise TableNotWrittenError(
            "{path} cannot be written ({reason}); choose another name or folder, and close the "
            "program that has it open",
            path=path,
            reason=getattr(error, "strerror", None) or str(error),
        ) from error


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """The table as the bytes of a file that an office in Switzerland opens."""
    table = io.StringIO(newline="")
    writer = csv.writer(table, delimiter=";", lineterminator="\r\n")
    writer.writerow([_cell(name) for name in header])
    writer.writerows([_cell(value) for value in row] for row in rows)
    return table.getvalue().encode("utf-8-sig")


def guarded(text: str) -> str:
    """The text as a cell that stays text: printable, and no formula."""
    plain = _plain(text)
    return f"'{plain}" if _like_a_formula(text) or _like_a_formula(plain) else plain


def unguarded(cell: str) -> str:
    """The text of a cell as it was before `guarded`."""
    return cell[1:] if cell.startswith("'") and _like_a_formula(cell[1:]) else cell


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, dt.date):
        return value.isoformat()
    # A number is one, negative or not.
    return str(value) if isinstance(value, int | float) else guarded(str(value))


def _plain(text: str) -> str:
    spaced = "".join(" " if char in _BREAKS else char for char in text)
    return "".join(
        char
        for char in spaced
        if char in _JOINERS or unicodedata.category(char) not in _UNPRINTABLE
    )


def _like_a_formula(text: str) -> bool:
    first = next((char for char in text if not _skipped(char)), "")
    # Full-width and small variants are formulas in Japanese editions.
    return bool(first) and unicodedata.normalize("NFKC", first) in _FORMULA


def _skipped(char: str) -> bool:
    unseen = char.isspace() or unicodedata.category(char) in _UNPRINTABLE
    return unseen and char not in _FORMULA
