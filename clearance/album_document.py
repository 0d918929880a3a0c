"""What there is to say about an album as a whole, as JSON; see `schemas/album.schema.json`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clearance.group_words import groups_document

if TYPE_CHECKING:
    from clearance.rate import MatchingRate
    from clearance.remembered import Change
    from clearance.run import Findings

Document = dict[str, Any]


def album_document(found: Findings) -> Document:
    """The last line of `scan --json`."""
    return {
        "album": {
            "schema_version": 1,
            "complete": not found.left,
            "not_judged": [str(path) for path in found.left],
            "counts": {outcome.value: n for outcome, n in sorted(found.counts.items())},
            "matching": _matching(found.rate) if found.rate else None,
            "changes": [_change(change) for change in found.changes],
            "alike": [
                {"kind": group.likeness.value, "paths": [str(path) for path in group.keys]}
                for group in found.alike
            ],
            "unknown": groups_document(found.strangers),
            "not_compared": found.not_compared,
        }
    }


def _matching(rate: MatchingRate) -> Document:
    return {"people": rate.people, "strangers": rate.strangers}


def _change(change: Change) -> Document:
    return {
        "path": str(change.result.path),
        "before": change.before.value,
        "now": change.result.outcome.value,
        "reasons": list(
            dict.fromkeys(
                reason.value
                for face in change.result.faces
                if not face.outcome.publishable
                for reason in face.reasons
            )
        ),
    }
