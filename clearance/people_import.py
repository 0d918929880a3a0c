"""People of a roster into the registry: what would be done, then done, row by row."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING

from clearance import registry_words
from clearance.errors import ClearanceError
from consent.errors import RecordInvalidError
from detector.errors import DetectorError, ModelMissingError
from detector.untrusted import printable

if TYPE_CHECKING:
    from clearance.language import Language
    from clearance.roster import Roster, RosterRow
    from clearance.settings import Settings
    from consent.registry import Registry

Document = dict[str, object]


@dataclasses.dataclass(frozen=True, slots=True)
class Refusal:
    """A row that is not added, and why."""

    line: int
    problem: Exception

    def document(self) -> Document:
        """As JSON."""
        return {"line": self.line, "outcome": "refused", "problem": str(self.problem)}


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """What an import will do: rows to be added, rows refused, and what was passed over."""

    rows: tuple[RosterRow, ...]
    refused: tuple[Refusal, ...]
    roster: Roster

    def lines(self, words: Language) -> Iterator[str]:
        """What a person reads before anything is done."""
        _ = words.gettext
        for row in self.rows:
            facts = [printable(row.name), registry_words.capacity(row.capacity, words)]
            if row.born:
                facts.append(_("born {day}").format(day=words.date(row.born)))
            facts += [printable(path.name) for path in row.portraits]
            yield _("line {line}: {facts}").format(line=row.line, facts=", ".join(facts))
        for refusal in self.refused:
            said = _("line {line} is refused: {cause}")
            yield said.format(line=refusal.line, cause=words.error(refusal.problem))
        for path in self.roster.unused_portraits:
            yield _("no row, or several, for the portrait {name}").format(name=printable(path.name))
        if self.roster.ignored_columns:
            names = ", ".join(self.roster.ignored_columns)
            yield _("columns that mean nothing here: {names}").format(names=names)
        n = len(self.rows)
        yield words.ngettext("{n} person to add.", "{n} people to add.", n).format(n=n)

    def documents(self, outcome: str) -> list[Document]:
        """Every row as JSON."""
        rows: list[Document] = [
            {"line": row.line, "outcome": outcome, "name": row.name} for row in self.rows
        ]
        return sorted([*rows, *self.refusals()], key=lambda row: str(row["line"]).zfill(9))

    def refusals(self) -> list[Document]:
        """The refused rows as JSON."""
        return [refusal.document() for refusal in self.refused]


@dataclasses.dataclass(frozen=True, slots=True)
class Done:
    """What became of one row."""

    row: RosterRow
    person: str | None = None
    problem: Exception | None = None

    def document(self) -> Document:
        """As JSON."""
        if self.problem:
            return Refusal(self.row.line, self.problem).document()
        told: Document = {"line": self.row.line, "outcome": "added", "name": self.row.name}
        return {**told, "person": self.person, "portraits": len(self.row.portraits)}

    def line(self, words: Language) -> str:
        """What a person reads."""
        if self.problem:
            said = words.gettext("line {line} is refused: {cause}")
            return said.format(line=self.row.line, cause=words.error(self.problem))
        return words.gettext("{name} is {id}").format(name=printable(self.row.name), id=self.person)


def planned(roster: Roster, registry: Registry) -> Plan:
    """What importing the roster would do; whoever is on file already is refused.

    Raises:
        ConsentError: the registry cannot be read.
    """
    rows, refused = [], [Refusal(one.line, one.problem) for one in roster.refused]
    for row in roster.rows:
        same = [
            person
            for person in registry.people_named(row.name)
            if None in (person.born, row.born) or person.born == row.born
        ]
        if same:
            error = RecordInvalidError(
                "{name} is in the registry already, as {id}; add a portrait with 'clearance people "
                "portrait', or somebody of the same name with 'clearance people add'",
                name=row.name,
                id=same[0].id,
            )
            refused.append(Refusal(row.line, error))
        else:
            rows.append(row)
    return Plan(tuple(rows), tuple(sorted(refused, key=lambda one: one.line)), roster)


def add_planned(
    plan: Plan, registry: Registry, settings: Settings, today: dt.date, words: Language
) -> Iterator[Done]:
    """Add the rows of a plan, each by itself; a run that was interrupted can be run again.

    A row whose portrait is refused is refused as a whole.

    Raises:
        ModelMissingError: no portrait can be looked at.
        ConsentError: the registry cannot be written.
    """
    from clearance.commandline import detector_for
    from clearance.enrolment import read_portrait
    from clearance.terminal import progress

    detector = detector_for(settings) if any(row.portraits for row in plan.rows) else None
    with progress(len(plan.rows), words) as advance:
        for row in plan.rows:
            try:
                portraits = [read_portrait(path, detector) for path in row.portraits if detector]
                added = registry.add_person(
                    row.name,
                    portraits,
                    on=today,
                    born=row.born,
                    coded=row.coded,
                    contact=row.contact,
                    language=row.language,
                    capacity=row.capacity,
                )
                yield Done(row, added.id)
            except ModelMissingError:
                raise
            except (RecordInvalidError, DetectorError, ClearanceError) as error:
                yield Done(row, problem=error)
            advance()
