"""A list of people in an Excel workbook, as rows of text."""

from __future__ import annotations

import datetime as dt
import io
import re
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from clearance.errors import RosterUnreadableError
from clearance.roster_grid import MAX_CELL, MAX_COLUMNS, Line, within_limits

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.cell.cell import Cell, MergedCell

MAX_UNPACKED_BYTES = 64 * 2**20
"""What a workbook may hold in all when it is unpacked."""
NOT_CALCULATED = "#NOT-CALCULATED!"
"""Stands in a cell whose formula was never calculated."""

_OLD_OFFICE = bytes.fromhex("d0cf11e0a1b11ae1")
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_FORMULA = re.compile(rb"[<:]f[\s>/]")
_ROW = re.compile(rb"[<:]row[\s>/]")
_MAX_ROW_BYTES = 4 * 2**20


def workbook_lines(data: bytes, path: Path) -> list[Line]:
    """The rows with text of the first sheet that is seen and has any.

    Raises:
        RosterUnreadableError: no workbook, too large, damaged, or protected with a password.
    """
    try:
        formulas = _checked_for_formulas(data, path)
        with warnings.catch_warnings():
            # What openpyxl leaves out, colours and drop-down lists, is not read anyway.
            warnings.simplefilter("ignore")
            rows = _first_filled_sheet(data, formulas=formulas)
            # Read to the end here, where whatever is wrong with the file is told.
            lines = list(within_limits(rows, path))
    except RosterUnreadableError:
        raise
    except Exception as error:  # a damaged file makes openpyxl raise anything
        raise RosterUnreadableError(
            "{path} is not a workbook that can be read; open it in the spreadsheet and save it "
            "as .xlsx or as CSV (UTF-8)",
            path=path,
        ) from error
    if lines:
        # A cell without a header is out of nothing's place here.
        header = lines[0].cells
        lines[0] = Line(lines[0].number, header + ("",) * (MAX_COLUMNS - len(header)))
    return lines


def _checked_for_formulas(data: bytes, path: Path) -> bool:
    """Whether a sheet has formulas; every part is unpacked once, within the limit.

    Raises:
        RosterUnreadableError: it is of an old kind, protected, too large, or no workbook of
            an office.
    """
    if data.startswith(_OLD_OFFICE):
        if _ENCRYPTED in data:
            raise RosterUnreadableError(
                "{path} is protected with a password; save it without one, as .xlsx or as CSV "
                "(UTF-8)",
                path=path,
            )
        raise RosterUnreadableError(
            "{path} is an Excel file of the old kind; save it as .xlsx or as CSV (UTF-8)",
            path=path,
        )
    formulas = False
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = archive.infolist()
        if sum(part.file_size for part in parts) > MAX_UNPACKED_BYTES:
            raise RosterUnreadableError(
                "{path} has more than {n} MiB when it is unpacked; save the list alone, as .xlsx "
                "or as CSV (UTF-8)",
                path=path,
                n=MAX_UNPACKED_BYTES // 2**20,
            )
        for part in parts:
            content = archive.read(part)
            # No office writes one, and its entities can grow without end.
            if b"<!DOCTYPE" in content.replace(b"\0", b""):
                raise zipfile.BadZipFile
            if part.filename.startswith("xl/worksheets/"):
                formulas = formulas or bool(_FORMULA.search(content))
                # A row is read at once, and an empty cell takes a hundred times its bytes.
                if any(len(row) > _MAX_ROW_BYTES for row in _ROW.split(content)):
                    raise zipfile.BadZipFile
    return formulas


def _first_filled_sheet(data: bytes, *, formulas: bool) -> Iterator[tuple[int, list[str]]]:
    calculated = _opened(data, values=True)
    written = _opened(data, values=False) if formulas else None
    for place, sheet in enumerate(calculated.worksheets):
        if sheet.sheet_state != "visible":
            continue
        # Some programs write a size that leaves out rows.
        sheet.reset_dimensions()
        rows = enumerate(sheet.iter_rows(), 1)
        beside: Iterator[Sequence[Cell | MergedCell]] | None = None
        if written:
            written.worksheets[place].reset_dimensions()
            beside = written.worksheets[place].iter_rows()
        anything = False
        for number, row in rows:
            formula_row = next(beside, ()) if beside else ()
            cells = _texts(row, formula_row)
            anything = anything or any(cell.strip() for cell in cells)
            yield number, cells
        if anything:
            return


def _opened(data: bytes, *, values: bool) -> Workbook:
    import openpyxl

    return openpyxl.load_workbook(
        io.BytesIO(data), read_only=True, data_only=values, keep_links=False
    )


def _texts(row: Sequence[Cell | MergedCell], formulas: Sequence[Cell | MergedCell]) -> list[str]:
    texts = [_text(cell.value) for cell in row]
    for place, (cell, formula) in enumerate(zip(row, formulas, strict=False)):
        # A formula that gives an empty text has the kind of a text; without a kind, it
        # was written by a program that cannot calculate.
        if cell.value is None and formula.value is not None and cell.data_type != "str":
            texts[place] = NOT_CALCULATED
    return texts


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return value.date().isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)[: MAX_CELL + 1]
