"""Publications as JSON, for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clearance.publication_filing import plain

if TYPE_CHECKING:
    from clearance.ledger import OpenTask, ToRemove
    from clearance.publications import Publication

Json = dict[str, Any]


def publication_document(publication: Publication, *, people: bool = True) -> Json:
    """Everything about a publication.

    Args:
        publication: which.
        people: whether it may be told whom it shows, by id, and why it must be taken down:
            that may be somebody's no.
    """
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
                if people
            ],
        }
        for item in publication.items
    ]
    return {**_plain(publication, people=people), "items": items}


def _plain(publication: Publication, *, people: bool) -> Json:
    told: Json = plain(publication)
    if told["task"] and not people:
        told["task"]["why"] = []
    return told


def summary_document(publication: Publication, *, people: bool = True) -> Json:
    """A publication as a list tells it; `people` as in `publication_document`."""
    told = _plain(publication, people=people)
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
