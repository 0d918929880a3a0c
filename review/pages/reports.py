"""Figures about the registry, and how it stands; no page of these names anybody."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from clearance import registry_words
from clearance.commandline import detector_for, today
from clearance.doctor import examined, worst
from clearance.rate import rate_of_gallery
from clearance.registry_care import delete_due as delete_what_is_due
from clearance.registry_care import due_on, known_entries, last_backup
from consent.records import Capacity
from consent.registry import Registry
from detector.errors import DetectorError
from review.pages.settings import Tab

if TYPE_CHECKING:
    from starlette.responses import Response

    from review.visit import Visit

WARNED = (30, 60, 90)
"""Days before the end of a consent, as its holders are warned."""


@dataclasses.dataclass(frozen=True, slots=True)
class AlbumReport:
    """A clearance report that can be made: of which album, and where."""

    title: str
    address: str


def album_reports(visit: Visit) -> list[AlbumReport]:
    """The albums a report can be made of, the newest first, for who may look at pictures."""
    if not visit.may_open("album_report"):
        return []
    albums = visit.desk.workbench.albums.albums()
    return [AlbumReport(one.title, visit.url("album_report", album=one.id)) for one in albums]


def show(visit: Visit) -> Response:
    """The figures."""
    words, settings = visit.words, visit.desk.settings
    with visit.desk.registry() as registry:
        figures = registry.figures()
        due = due_on(registry, today())
        expiring = [(days, len(registry.expiring(today(), days))) for days in WARNED]
        drafts = len(registry.drafts())
        last = last_backup(known_entries(registry, registry.verify_audit()))
        try:
            # Nothing is compared here: the networks need not be there.
            rate = rate_of_gallery(
                registry, detector_for(settings, at_once=False), settings, today()
            )
        except DetectorError:
            rate = None
    capacities = [
        (registry_words.capacity(one, words), figures.by_capacity[one.value])
        for one in Capacity
        if figures.by_capacity.get(one.value)
    ]
    return visit.page(
        "reports.html",
        tabs=report_tabs(visit, "reports"),
        figures=figures,
        capacities=capacities,
        expiring=expiring,
        drafts=drafts,
        due=due,
        last_backup=words.date(last) if last else None,
        rate=words.rate(rate) if rate else None,
        matching=settings.detection.matching,
        albums=album_reports(visit),
    )


def health(visit: Visit) -> Response:
    """Every check of the registry, in plain words."""
    desk = visit.desk
    # Not the desk's own way to open it, which deletes at once what is due.
    with Registry.open(desk.folder, desk.settings.consent) as registry:
        findings = list(examined(registry, desk.settings, desk.folder, today(), visit.words))
    return visit.page(
        "health.html",
        tabs=report_tabs(visit, "health"),
        findings=findings,
        worst=worst(findings).value,
    )


def delete_due(visit: Visit) -> Response:
    """Delete what may no longer be kept."""
    with visit.desk.registry() as registry:
        due = due_on(registry, today())
        delete_what_is_due(registry, due, today())
    said = visit.words.ngettext(
        "{n} thing that was due was deleted.", "{n} things that were due were deleted.", due.total
    )
    return visit.to("reports", said.format(n=due.total))


def report_tabs(visit: Visit, current: str) -> list[Tab]:
    """The pages of the reports that who is signed in may open."""
    _ = visit.words.gettext
    pages = (("reports", _("Figures")), ("health", _("Health")), ("audit", _("Log")))
    return [
        Tab(visit.url(route), label, current == route)
        for route, label in pages
        if visit.may_open(route)
    ]
