"""Who may be in the pictures of an event: the gallery is narrowed to them.

The fewer people a face is compared with, the rarer a stranger is taken for one of them, and the
nearer the limit may be at which a likeness counts as certain. Whoever is left out is a stranger
in these pictures: blocked, and never cleared.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from clearance.roster import read_roster
from consent.records import same_event

if TYPE_CHECKING:
    from pathlib import Path

    from consent.records import Dossier
    from consent.registry import Registry


@dataclasses.dataclass(frozen=True, slots=True)
class EventRoster:
    """Whom faces are compared with.

    Attributes:
        people: ids; None for everybody.
        unknown: rows of the list about nobody in the registry, and those that cannot be read.
        elsewhere: people who agreed for other occasions only, and are left out for that.
    """

    people: frozenset[str] | None = None
    unknown: int = 0
    elsewhere: int = 0


def event_roster(registry: Registry, roster: Path | None, event: str | None) -> EventRoster:
    """Whom faces are compared with in the pictures of an event.

    Args:
        registry: who is on file.
        roster: a list of who was there, as `clearance people import` reads it; None for none.
        event: the occasion, as on the forms; None for none in particular.

    Raises:
        RosterUnreadableError: the list cannot be used at all.
        ConsentError: the registry cannot be read.
    """
    listed, unknown = _listed(registry, roster) if roster else (None, 0)
    elsewhere: frozenset[str] = frozenset()
    if event:
        dossiers = registry.dossiers(enrolled=True)
        elsewhere = frozenset(one.person.id for one in dossiers if _is_elsewhere(one, event))
    if listed is None and not elsewhere:
        return EventRoster()
    if listed is None:
        everybody = frozenset(one.person.id for one in registry.dossiers(enrolled=True))
        return EventRoster(everybody - elsewhere, elsewhere=len(elsewhere))
    return EventRoster(listed - elsewhere, unknown, len(listed & elsewhere))


def _listed(registry: Registry, roster: Path) -> tuple[frozenset[str], int]:
    """Whoever a list names; of two people of one name both, unless it tells when they were born."""
    found: set[str] = set()
    told = read_roster(roster)
    unknown = len(told.refused)
    for row in told.rows:
        same = [
            person.id
            for person in registry.people_named(row.name)
            if None in (person.born, row.born) or person.born == row.born
        ]
        found.update(same)
        unknown += not same
    return frozenset(found), unknown


def _is_elsewhere(dossier: Dossier, event: str) -> bool:
    """Whether everything that speaks for a person is about other occasions."""
    occasions = [
        *(consent.scope.event for consent in dossier.consents),
        *(exemption.event for exemption in dossier.exemptions),
    ]
    return bool(occasions) and all(
        occasion is not None and not same_event(occasion, event) for occasion in occasions
    )
