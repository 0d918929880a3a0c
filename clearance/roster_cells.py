"""What one row of a list of people says."""

from __future__ import annotations

import datetime as dt
import re

from clearance.errors import RosterRowError
from clearance.roster_columns import LANGUAGES, Column, Columns, capacity_of, language_of
from clearance.roster_grid import MAX_CELL, Line
from clearance.tables import unguarded
from consent.records import Capacity

_SHOWN = 60
"""Characters of a cell that an error quotes."""
_ISO = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:[T ]00:00:00(?:\.0+)?)?")
_DAY_FIRST = re.compile(r"([0-9]{1,2})([./])\s?([0-9]{1,2})\2\s?([0-9]{4})")
# What a spreadsheet leaves where a formula went wrong, in English, German and French.
_FAILED = re.compile(r"#(?:N/A|NV|N/D|\S+[!?])")


class Cells:
    """The texts of one row, by what they say; each is checked when it is asked for."""

    def __init__(self, line: Line, columns: Columns) -> None:
        self._line = line
        self._columns = columns

    def name(self) -> str:
        """The whole name; empty where none is given."""
        parts = (self._one(Column.FIRST_NAME), self._one(Column.SURNAME))
        return self._one(Column.FULL_NAME) or " ".join(filter(None, parts))

    def surname(self) -> str:
        """The surname, where the list has a column of them."""
        return self._one(Column.SURNAME)

    def first_name(self) -> str:
        """The first name, where the list has a column of them."""
        return self._one(Column.FIRST_NAME)

    def code(self) -> str:
        """The reference code; empty where none is given."""
        return self._one(Column.CODE)

    def contact(self) -> str:
        """E-mail, telephone and address, as one text."""
        ways = [
            text
            for column in (Column.EMAIL, Column.PHONE, Column.CONTACT)
            for text in self._all(column, ", ")
        ]
        street = " ".join(self._all(Column.STREET) + self._all(Column.HOUSE_NUMBER))
        town = " ".join(self._all(Column.POSTCODE) + self._all(Column.TOWN))
        address = filter(None, [*self._all(Column.ADDRESS, ", "), street, town])
        return "; ".join(filter(None, [*ways, ", ".join(address)]))

    def born(self) -> dt.date | None:
        """The day of birth; None where none is given.

        Raises:
            RosterRowError: there is no such day, or it is written in a way that is not clear.
        """
        text = self._one(Column.BORN)
        return _day(text) if text else None

    def language(self) -> str:
        """The code of the language to write in; empty where none is given.

        Raises:
            RosterRowError: it is none of the four.
        """
        text = self._one(Column.LANGUAGE)
        found = language_of(text) if text else ""
        if found is None:
            raise RosterRowError(
                "the language {word!r} is not one of the forms; there are {known}",
                word=text[:_SHOWN],
                known=", ".join(LANGUAGES),
            )
        return found

    def capacity(self) -> Capacity:
        """As what the person is in pictures.

        Raises:
            RosterRowError: the word is not known.
        """
        text = self._one(Column.CAPACITY)
        found = capacity_of(text) if text else Capacity.OTHER
        if found is None:
            raise RosterRowError(
                "the capacity {word!r} is not known; there are {known}",
                word=text[:_SHOWN],
                known=", ".join(Capacity),
            )
        return found

    def portraits(self) -> tuple[str, ...]:
        """The files that are named as portraits, each once."""
        said = ";".join(self._all(Column.PORTRAIT, ";")).replace("|", ";")
        return tuple(dict.fromkeys(filter(None, map(str.strip, said.split(";")))))

    def check_width(self) -> None:
        """Refuse a row that goes on where the header ends: its cells may be out of place.

        Raises:
            RosterRowError: it has a cell without a header.
        """
        if len(self._line.cells) > len(self._columns.headers):
            raise RosterRowError(
                "it has more cells than the header; put a text that has the separator in it "
                "between quotation marks"
            )

    def _all(self, column: Column, between: str = " ") -> list[str]:
        """Every text of that kind; `between` stands where a text turns to a new line."""
        places = self._columns.places.get(column, ())
        texts = (self._text(place, between) for place in places if place < len(self._line.cells))
        return [text for text in texts if text]

    def _one(self, column: Column) -> str:
        return next(iter(self._all(column)), "")

    def _text(self, place: int, between: str) -> str:
        cell, header = self._line.cells[place], self._columns.headers[place]
        if len(cell) > MAX_CELL:
            raise RosterRowError(
                "the cell below {header!r} has more than {n} characters; shorten it",
                header=header,
                n=MAX_CELL,
            )
        if _FAILED.fullmatch(cell.strip()):
            raise RosterRowError(
                "the cell below {header!r} holds {value!r}, a formula without a result; type what "
                "belongs there, or open the list in the spreadsheet and save it anew",
                header=header,
                value=cell.strip()[:_SHOWN],
            )
        parts = (" ".join(part.split()) for part in re.split(r"[\r\n\v]", unguarded(cell)))
        return between.join(filter(None, parts))


def _day(text: str) -> dt.date:
    try:
        if iso := _ISO.fullmatch(text):
            return dt.date(int(iso[1]), int(iso[2]), int(iso[3]))
        if day_first := _DAY_FIRST.fullmatch(text):
            return dt.date(int(day_first[4]), int(day_first[3]), int(day_first[1]))
    except ValueError as error:
        raise RosterRowError(
            "there is no day {day!r}; correct the day of birth", day=text[:_SHOWN]
        ) from error
    raise RosterRowError(
        "the day of birth {day!r} is not understood; write it like 02.03.2011 or 2011-03-02, "
        "with four digits for the year",
        day=text[:_SHOWN],
    )
