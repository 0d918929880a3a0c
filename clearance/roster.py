"""People from a list of an office: a row is taken whole, or refused with its reason."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from clearance.errors import ClearanceError, RosterRowError
from clearance.roster_cells import Cells
from clearance.roster_columns import Column, Columns, find_columns
from clearance.roster_grid import Line, read_lines
from clearance.roster_portraits import PortraitFolder, code_spellings, spelled_by, spellings
from consent.admission import admitted_contact, admitted_name, name_key
from consent.errors import RecordInvalidError
from consent.records import Capacity


@dataclasses.dataclass(frozen=True, slots=True)
class RosterRow:
    """Somebody to be added; `coded` where a reference code stands for the name.

    `surname` and `first_name` are empty in a list that has whole names.
    """

    line: int
    name: str
    coded: bool
    born: dt.date | None
    contact: str
    language: str
    capacity: Capacity
    portraits: tuple[Path, ...] = ()
    surname: str = ""
    first_name: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that cannot be used, and why."""

    line: int
    problem: ClearanceError


@dataclasses.dataclass(frozen=True, slots=True)
class Roster:
    """What a list says.

    `unused_portraits` are files that fit no row, or more than one. `ignored_columns` are
    the headers that mean nothing here.
    """

    rows: tuple[RosterRow, ...]
    refused: tuple[RefusedRow, ...]
    unused_portraits: tuple[Path, ...]
    ignored_columns: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class _Entry:
    """A row on the way: with `row` it may be used, with `problem` it is refused.

    `repeats` is whether an earlier row is certainly about the same person.
    """

    line: int
    name: str = ""
    code: str = ""
    row: RosterRow | None = None
    problem: ClearanceError | None = None
    files: tuple[Path, ...] = ()
    repeats: bool = False

    def refused(self, problem: ClearanceError, *, repeats: bool = False) -> _Entry:
        return dataclasses.replace(self, row=None, problem=problem, repeats=repeats)


def read_roster(path: Path, *, portraits: Path | None = None) -> Roster:
    """The people of a list: .csv, .tsv or .xlsx, with headers in any of four languages.

    With a folder of portraits, a row gets the files it names; in a list without a column
    of portraits, the files that are called like the person or the code. A file that fits
    two rows fits none. No file is opened but the list.

    Raises:
        RosterUnreadableError: the list or the folder cannot be used at all.
    """
    header, *lines = read_lines(path)
    columns = find_columns(header.cells, path, portraits=portraits is not None)
    folder = PortraitFolder.read(portraits) if portraits else PortraitFolder(())
    entries = _without_repeated(_entry(line, columns, folder) for line in lines)
    claims = _claims(entries, folder, named=Column.PORTRAIT in columns.places)
    entries = [_undisputed(entry, claims) for entry in entries]
    portraits_of = _portraits_by_line(claims)
    return Roster(
        rows=tuple(
            dataclasses.replace(entry.row, portraits=tuple(portraits_of[entry.line]))
            for entry in entries
            if entry.row
        ),
        refused=tuple(RefusedRow(entry.line, entry.problem) for entry in entries if entry.problem),
        unused_portraits=tuple(file for file in folder.files if len(claims[file]) != 1),
        ignored_columns=columns.ignored,
    )


def _entry(line: Line, columns: Columns, folder: PortraitFolder) -> _Entry:
    entry = _Entry(line.number)
    try:
        cells = Cells(line, columns)
        # First of all: a row that is refused for the rest may still be whose portrait it is.
        entry = dataclasses.replace(entry, name=cells.name(), code=cells.code())
        files, missing = _files(cells.portraits(), folder)
        entry = dataclasses.replace(entry, files=files)
        if missing:
            raise missing
        cells.check_width()
        return dataclasses.replace(entry, row=_row(entry, cells))
    except RosterRowError as error:
        return entry.refused(error)
    except RecordInvalidError as error:
        return entry.refused(RosterRowError("the row cannot be used: {cause}", cause=error))


def _files(
    names: Iterable[str], folder: PortraitFolder
) -> tuple[tuple[Path, ...], RosterRowError | None]:
    """The files of these names, and what is wrong with the first that is none."""
    found: list[Path] = []
    problem = None
    for name in names:
        try:
            found.append(folder.named(name))
        except RosterRowError as error:
            problem = problem or error
    return tuple(dict.fromkeys(found)), problem


def _row(entry: _Entry, cells: Cells) -> RosterRow:
    if not entry.name and not entry.code:
        raise RosterRowError("there is no name in it; give one, or a reference code")
    return RosterRow(
        entry.line,
        admitted_name(entry.name or entry.code),
        coded=not entry.name,
        born=cells.born(),
        contact=admitted_contact(cells.contact()),
        language=cells.language(),
        capacity=cells.capacity(),
        surname=cells.surname(),
        first_name=cells.first_name(),
    )


def _without_repeated(entries: Iterable[_Entry]) -> list[_Entry]:
    """Refuse whoever has the name of an earlier row, unless two days of birth tell them apart."""
    found = []
    earlier: dict[str, list[RosterRow]] = defaultdict(list)
    for entry in entries:
        row = entry.row
        if row:
            known = earlier[name_key(row.name)]
            same = next((other for other in known if not _apart(row, other)), None)
            if same:
                problem = RosterRowError(
                    "{name} is in line {line} already; remove one of the rows or, if they are two "
                    "people, give each their day of birth",
                    name=row.name,
                    line=same.line,
                )
                certain = row.born is not None and row.born == same.born
                found.append(entry.refused(problem, repeats=certain))
                continue
            known.append(row)
        found.append(entry)
    return found


def _apart(one: RosterRow, other: RosterRow) -> bool:
    if one.coded or other.coded:
        return False
    return None not in (one.born, other.born) and one.born != other.born


def _claims(
    entries: Iterable[_Entry], folder: PortraitFolder, *, named: bool
) -> Mapping[Path, set[int]]:
    """The lines whose person a file may show, for every file.

    Rows that are refused count: the file may be theirs. One that repeats another does
    not, both are the same person.
    """
    claims: dict[Path, set[int]] = {file: set() for file in folder.files}
    distinct = [entry for entry in entries if not entry.repeats]
    if named:
        for entry in distinct:
            for file in entry.files:
                claims[file].add(entry.line)
        return claims
    by_name, by_code = defaultdict(set), defaultdict(set)
    for entry in distinct:
        for spelling in spellings(entry.name):
            by_name[spelling].add(entry.line)
        for spelling in code_spellings(entry.code):
            by_code[spelling].add(entry.line)
    for file, lines in claims.items():
        names, codes = spelled_by(file)
        lines.update(*(by_name.get(name, ()) for name in names))
        lines.update(*(by_code.get(code, ()) for code in codes))
    return claims


def _undisputed(entry: _Entry, claims: Mapping[Path, set[int]]) -> _Entry:
    for file in entry.files if entry.row else ():
        if others := claims[file] - {entry.line}:
            problem = RosterRowError(
                "the portrait {name!r} is named in line {line} as well; it can show one of them "
                "only",
                name=file.name,
                line=min(others),
            )
            return entry.refused(problem)
    return entry


def _portraits_by_line(claims: Mapping[Path, set[int]]) -> Mapping[int, list[Path]]:
    found = defaultdict(list)
    for file, lines in claims.items():
        if len(lines) == 1:
            found[min(lines)].append(file)
    return found
