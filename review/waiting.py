"""What waits for somebody: one function for each kind of thing, in the order of the first page."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from clearance.commandline import today
from clearance.ledger import Ledger
from clearance.publications import State
from clearance.registry_care import due_on, known_entries, last_backup
from clearance.results import Outcome
from review.access import ADMINISTERING, CONSENTS, EDITING, OVERSEEING, WATCHING
from review.roles import Role

if TYPE_CHECKING:
    from collections.abc import Iterable

    from consent.registry import Registry
    from review.visit import Visit

EXPIRING_DAYS = 30
"""Consents that end within so many days are worth asking for anew."""
BACKUP_DAYS = 7
"""A week of signed forms is what may be scanned once more by hand."""


@dataclasses.dataclass(frozen=True, slots=True)
class Waiting:
    """Something that waits.

    Attributes:
        route: where it is dealt with.
        label: what it is, in the reader's language, without the number.
        count: how many; None where a number says nothing.
        icon: of the page.
        urgent: it should not wait until tomorrow.
        parts: the parts of the route's path.
    """

    route: str
    label: str
    count: int | None
    icon: str
    urgent: bool = False
    parts: Mapping[str, str] = dataclasses.field(default_factory=dict)


Card = Callable[["Visit", "Registry"], Waiting | None]


def waiting_for(visit: Visit, registry: Registry) -> list[Waiting]:
    """What waits for who is signed in, what is urgent first."""
    found = [one for card in CARDS if (one := card(visit, registry)) is not None]
    return sorted(found, key=lambda one: not one.urgent)


def first_open(visit: Visit, *routes: str) -> str | None:
    """The first of the routes that there is and that who is signed in may open."""
    known = visit.desk.routes
    return next((one for one in routes if one in known and visit.may_open(one)), None)


def drafts(visit: Visit, registry: Registry) -> Waiting | None:
    """Forms that were read and that nobody has confirmed."""
    n = len(registry.drafts())
    said = visit.words.ngettext("form to confirm", "forms to confirm", n)
    return _card(visit, CONSENTS, ("forms", "reports"), said, n, "form")


def expiring(visit: Visit, registry: Registry) -> Waiting | None:
    """Consents that end soon."""
    n = len(registry.expiring(today(), EXPIRING_DAYS))
    said = visit.words.ngettext(
        "consent that ends within {days} days", "consents that end within {days} days", n
    ).format(days=EXPIRING_DAYS)
    return _card(visit, CONSENTS, ("people_expiring", "reports"), said, n, "clock")


def deletions(visit: Visit, registry: Registry) -> Waiting | None:
    """What may no longer be kept."""
    if not visit.may({Role.PRIVACY_OFFICER}):
        return None
    n = due_on(registry, today()).total
    said = visit.words.ngettext("deletion that is due", "deletions that are due", n)
    return _card(visit, {Role.PRIVACY_OFFICER}, ("reports",), said, n, "trash", urgent=True)


def log(visit: Visit, registry: Registry) -> Waiting | None:
    """Somebody has altered the log."""
    if not visit.may(OVERSEEING) or registry.verify_audit().ok:
        return None
    said = visit.words.gettext("The log was altered: look at it now")
    return Waiting("audit", said, None, "warning", urgent=True)


def backup(visit: Visit, registry: Registry) -> Waiting | None:
    """The last backup is too long ago, once there is somebody in the registry."""
    if not visit.may(ADMINISTERING) or visit.desk.outer is not None or not registry.people():
        return None
    _ = visit.words.gettext
    last = last_backup(known_entries(registry, registry.verify_audit()))
    if last is None:
        return Waiting("audit", _("There is no backup yet"), None, "download", urgent=True)
    days = (today() - last).days
    if days <= BACKUP_DAYS:
        return None
    said = visit.words.ngettext("day since the last backup", "days since the last backup", days)
    return Waiting("audit", said, days, "download")


def settings(visit: Visit, _registry: Registry) -> Waiting | None:
    """What forms and notices need and nobody has said."""
    institution = visit.desk.settings.institution
    missing = [institution.name, institution.contact, institution.privacy_contact].count("")
    said = visit.words.ngettext(
        "setting of the institution is empty", "settings of the institution are empty", missing
    )
    if not missing or not visit.may(ADMINISTERING):
        return None
    return Waiting("rules", said, missing, "settings", parts={"section": "institution"})


def own_name(visit: Visit, _registry: Registry) -> Waiting | None:
    """Who works alone has not said who they are."""
    if visit.who.shown:
        return None
    said = visit.words.gettext("Say your name: it stands under every decision")
    return Waiting("settings", said, None, "person", urgent=True)


def take_downs(visit: Visit, registry: Registry) -> Waiting | None:
    """What is out and must not be any more."""
    n = len(_ledger(visit, registry).tasks(today()))
    said = visit.words.ngettext("publication to take down", "publications to take down", n)
    return _card(visit, WATCHING, ("tasks",), said, n, "warning", urgent=True)


def approvals(visit: Visit, registry: Registry) -> Waiting | None:
    """What was found ready and waits for somebody else’s yes."""
    return _in_state(visit, registry, State.READY, {Role.APPROVER})


def to_publish(visit: Visit, registry: Registry) -> Waiting | None:
    """What was approved and is not out yet."""
    return _in_state(visit, registry, State.APPROVED, {Role.PUBLISHER})


def requests(visit: Visit, registry: Registry) -> Waiting | None:
    """What somebody has asked for and nobody has taken in hand."""
    return _in_state(visit, registry, State.REQUESTED, {Role.EDITOR})


def pictures(visit: Visit, _registry: Registry) -> Waiting | None:
    """Pictures that a person must look at."""
    if not visit.may(EDITING):
        return None
    bench = visit.desk.workbench
    n = sum(
        bench.albums.progress(one.id).counts.get(Outcome.REVIEW, 0) for one in bench.albums.albums()
    )
    said = visit.words.ngettext("picture to look at", "pictures to look at", n)
    return _card(visit, EDITING, ("inbox",), said, n, "pictures")


def _ledger(visit: Visit, registry: Registry) -> Ledger:
    return Ledger(registry, visit.desk.settings)


def _in_state(
    visit: Visit, registry: Registry, state: State, roles: Iterable[Role]
) -> Waiting | None:
    if not visit.may(roles):
        return None
    n = sum(one.state is state for one in _ledger(visit, registry).publications())
    said = {
        State.READY: visit.words.ngettext("publication to approve", "publications to approve", n),
        State.APPROVED: visit.words.ngettext(
            "approved publication to publish", "approved publications to publish", n
        ),
        State.REQUESTED: visit.words.ngettext("new request", "new requests", n),
    }[state]
    return _card(visit, roles, ("publications",), said, n, "publish")


CARDS: tuple[Card, ...] = (
    *(log, own_name, take_downs, deletions, pictures, requests, approvals, to_publish),
    *(drafts, expiring, backup, settings),
)
"""Every kind, from what is worst; a page that has something to wait for adds its function here."""


def _card(
    visit: Visit,
    roles: Iterable[Role],
    routes: tuple[str, ...],
    said: str,
    count: int,
    icon: str,
    *,
    urgent: bool = False,
) -> Waiting | None:
    route = first_open(visit, *routes)
    if not count or route is None or not visit.may(roles):
        return None
    return Waiting(route, said, count, icon, urgent)
