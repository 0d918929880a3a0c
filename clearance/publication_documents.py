"""Publications as JSON, for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clearance.publication_filing import plain

if TYPE_CHECKING:
    from clearance.ledger import OpenTask, ToRemove
    from clearance.publications import Publication

Json = dict[str, Any]


def publication_document(publication: Publication) -> Json:
    """Everything about a publication; whom it shows is named by id."""
    items = [
        {
            **plain(item),
            "look": None if item.look is None else f"{item.look:016x}",
            "shown": [
                {
                    "person": one.person,
                    "serials": list(one.serials),
                    "until": one.until.isoformat() if one.until else None,
                }
                for one in item.shown
            ],
        }
        for item in publication.items
    ]
    return {**plain(publication), "items": items}


def summary_document(publication: Publication) -> Json:
    """A publication as a list tells it."""
    told = plain(publication)
    ends = publication.ends_on
    return {
        **{key: told[key] for key in ("id", "title", "state", "channels", "on", "until", "task")},
        "files": [item.file for item in publication.items],
        "ends_on": ends.isoformat() if ends else None,
    }


def task_document(one: OpenTask) -> Json:
    """A task, and where the publication is."""
    return {
        "publication": one.publication.id,
        "title": one.publication.title,
        "state": one.publication.state.value,
        "overdue": one.overdue,
        **plain(one.task),
        "placements": plain(one.publication.placements),
    }


def to_remove_document(row: ToRemove) -> Json:
    """A line of the list of what must be removed."""
    told: Json = plain(row)
    return told
