"""The cells of a list from outside: a CSV file or an Excel workbook as rows of text."""

from __future__ import annotations

import codecs
import contextlib
import csv
import dataclasses
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from clearance.errors import RosterUnreadableError
from clearance.roster_columns import column_of

MAX_FILE_BYTES = 16 * 2**20
MAX_ROWS = 100_000
MAX_COLUMNS = 200
MAX_CELL = 1_000
"""Characters; a cell that has more is cut one character later, for the reader to refuse."""

# Empty ones included: what Excel allows, and far above any list.
_MAX_SHEET_ROWS = 2**20
_MAX_CELLS = MAX_ROWS * MAX_COLUMNS
_DELIMITERS = ";,\t"
_TEXTS = {".csv", ".tsv", ".txt"}
_WORKBOOKS = {".xlsx", ".xlsm"}
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f]")
_UTF_8_LETTER = re.compile(rb"\xc3[\x80-\xbf]")
_SEPARATOR_LINE = re.compile(r"sep=(.)", re.IGNORECASE)


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """One row: the number a person finds it by, and its cells up to the last with text.

    The first line has all its cells: in a CSV file, no other may have more.
    """

    number: int
    cells: tuple[str, ...]


def read_lines(untrusted_path: Path) -> list[Line]:
    """The rows of the file that have any text, the header first.

    A row has the number of the line where it begins; in a workbook, of its row in the
    first sheet that has anything. A date cell is written as 2026-11-21.

    Raises:
        RosterUnreadableError: no table, too large, damaged, or protected with a password.
    """
    suffix = untrusted_path.suffix.lower()
    if suffix not in _TEXTS | _WORKBOOKS:
        raise RosterUnreadableError(
            "{path} is no list that is read here; save it as .xlsx or as CSV (UTF-8)",
            path=untrusted_path,
        )
    data = _read(untrusted_path)
    if suffix in _TEXTS:
        rows = _text_rows(_decoded(data, untrusted_path), untrusted_path)
        lines = list(within_limits(rows, untrusted_path))
    else:
        from clearance.roster_workbook import workbook_lines

        lines = workbook_lines(data, untrusted_path)
    if not lines:
        raise _empty(untrusted_path)
    return lines


def _read(path: Path) -> bytes:
    try:
        # A named pipe would be waited for.
        if not path.is_file():
            path.stat()
            raise RosterUnreadableError("{path} is not a file; name a list", path=path)
        with path.open("rb") as stream:
            data = stream.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        raise RosterUnreadableError(
            "{path} cannot be read ({reason}); check its name, and close the program that has "
            "it open",
            path=path,
            reason=getattr(error, "strerror", None) or str(error),
        ) from error
    if len(data) > MAX_FILE_BYTES:
        raise RosterUnreadableError(
            "{path} has more than {n} MiB; split the list", path=path, n=MAX_FILE_BYTES // 2**20
        )
    if not data:
        raise _empty(path)
    return data


def _empty(path: Path) -> RosterUnreadableError:
    return RosterUnreadableError(
        "{path} is empty; it needs a line that names the columns, and a row for each person",
        path=path,
    )


def within_limits(rows: Iterable[tuple[int, Sequence[str]]], path: Path) -> Iterator[Line]:
    """The rows with text, as long as there are not too many of them.

    Raises:
        RosterUnreadableError: too many rows or columns.
    """
    filled = cells_seen = 0
    for number, cells in rows:
        cells_seen += len(cells)
        if number > _MAX_SHEET_ROWS or cells_seen > _MAX_CELLS:
            raise _too_many_rows(path)
        width = max((place for place, cell in enumerate(cells, 1) if cell.strip()), default=0)
        if not width:
            continue
        filled += 1
        if width > MAX_COLUMNS:
            raise RosterUnreadableError(
                "{path} has more than {n} columns; keep those about the people",
                path=path,
                n=MAX_COLUMNS,
            )
        if filled > MAX_ROWS + 1:
            raise _too_many_rows(path)
        yield Line(number, tuple(cells[: MAX_COLUMNS if filled == 1 else width]))


def _too_many_rows(path: Path) -> RosterUnreadableError:
    return RosterUnreadableError(
        "{path} has more than {n} rows; split the list", path=path, n=MAX_ROWS
    )


def _decoded(data: bytes, path: Path) -> str:
    # Letters in UTF-8, and one that is not: read as Windows-1252, Zoé would become ZoÃ©.
    encodings = ["utf-8"] if _UTF_8_LETTER.search(data) else ["utf-8", "cp1252"]
    if data.startswith(codecs.BOM_UTF8):
        encodings = ["utf-8-sig"]
    elif data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings = ["utf-16"]
    for encoding in encodings:
        with contextlib.suppress(UnicodeDecodeError):
            text = data.decode(encoding).removesuffix("\x1a")
            if not _CONTROL.search(text):
                return text
    raise RosterUnreadableError(
        "{path} is not a table of text; save it as .xlsx or as CSV (UTF-8)", path=path
    )


def _text_rows(text: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    with _long_fields():
        delimiter = _delimiter(text)
        reader = csv.reader(
            io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True
        )
        while True:
            number = reader.line_num + 1
            try:
                cells = next(reader, None)
            except csv.Error as error:
                raise RosterUnreadableError(
                    "line {line} of {path} has a quotation mark that does not fit, so that rows "
                    "run into each other; correct it, or save the list as .xlsx",
                    path=path,
                    line=number,
                ) from error
            if cells is None:
                return
            if not _SEPARATOR_LINE.fullmatch(delimiter.join(cells).strip()):
                yield number, [cell[: MAX_CELL + 1] for cell in cells]


@contextlib.contextmanager
def _long_fields() -> Iterator[None]:
    """Let a cell be as long as the file: it costs its row, not the list."""
    before = csv.field_size_limit(MAX_FILE_BYTES)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _delimiter(text: str) -> str:
    """The one that the first line names, or that cuts it into most columns that are known."""

    def header(delimiter: str) -> list[str]:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        return next((row for row in rows if any(cell.strip() for cell in row)), [])

    def columns(delimiter: str) -> tuple[int, int]:
        cells = [cell[:MAX_CELL] for cell in header(delimiter)[: MAX_COLUMNS + 1]]
        return sum(column_of(cell) is not None for cell in cells), len(cells)

    said = _SEPARATOR_LINE.fullmatch(text.lstrip()[: len("sep=;")])
    if said and said[1] in _DELIMITERS:
        return said[1]
    return max(_DELIMITERS, key=columns)
