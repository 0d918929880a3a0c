"""The care of a registry as a whole: what the commands and the desk do in the same way."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from clearance.processing_record import ProcessingRecord
    from clearance.settings import Settings
    from consent.audit import AuditVerdict, Entry
    from consent.backup import BackupReport
    from consent.records import Person
    from consent.registry import Registry

BACKED_UP = "registry.backed_up"


@dataclasses.dataclass(frozen=True, slots=True)
class Due:
    """What may no longer be kept.

    Attributes:
        people: who are to be erased.
        templates: of how many people.
        portraits: how many.
        strays: files of nobody, left behind by an interrupted run.
    """

    people: tuple[Person, ...]
    templates: int
    portraits: int
    strays: int

    @property
    def total(self) -> int:
        """How many things in all."""
        return len(self.people) + self.templates + self.portraits + self.strays


def back_up(registry: Registry, file: Path) -> BackupReport:
    """Write the registry to one new file, verify it, and note so in the log.

    Raises:
        RegistryUnwritableError: something has that name, or it cannot be written.
        BackupInvalidError: what was written cannot be read back; it is not left there.
    """
    report = registry.backup(file)
    registry.audit(BACKED_UP, files=report.files)
    return report


def last_backup(entries: Iterator[Entry]) -> dt.date | None:
    """The day of the newest backup that the log knows; None for none."""
    days = [
        dt.datetime.fromisoformat(entry.at).astimezone().date()
        for entry in entries
        if entry.action == BACKED_UP
    ]
    return days[-1] if days else None


def due_on(registry: Registry, day: dt.date) -> Due:
    """What may no longer be kept on a day."""
    templates, portraits, strays = registry.overdue(day)
    return Due(tuple(registry.due_for_erasure(day)), templates, portraits, strays)


def delete_due(registry: Registry, due: Due, day: dt.date) -> None:
    """Delete it."""
    registry.sweep(day, thorough=True)
    for person in due.people:
        registry.erase_person(person.id, why="retention")


def verified(registry: Registry) -> tuple[AuditVerdict, tuple[str, ...] | None]:
    """Whether the log is whole, and whose dossiers are not as it says; None where it is not."""
    verdict = registry.verify_audit()
    # What a dossier should be is in the log: an altered one may say anything.
    return verdict, registry.verify_dossiers() if verdict.ok else None


def known_entries(registry: Registry, verdict: AuditVerdict) -> Iterator[Entry]:
    """The entries before the first doubt, oldest first."""
    # From the first altered entry on nothing is known, not even that it can be read.
    known = verdict.entries if verdict.first_bad is None else verdict.first_bad - 1
    return itertools.islice(registry.audit_entries(), known)


def processing_record(registry: Registry, settings: Settings, day: dt.date) -> ProcessingRecord:
    """The record of processing of a registry as it is now."""
    from clearance.commandline import version
    from clearance.processing_record import RegistryFigures, record_of_processing

    held = registry.figures()
    return record_of_processing(
        settings.institution,
        settings.consent,
        matching=settings.detection.matching,
        figures=RegistryFigures(
            people=held.people,
            consents=held.forms,
            templates=held.templates,
            portraits=held.portraits,
            by_capacity=held.by_capacity,
        ),
        made_on=day,
        version=version(),
    )
