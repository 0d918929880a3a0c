"""Results as JSON documents; the schema is `schemas/photo.schema.json`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clearance.hints import Hints
    from clearance.rendition import Rendition
    from clearance.results import ExportResult, FaceResult, PhotoResult
    from clearance.use import IntendedUse
    from consent.records import Identification, NotAFace
    from detector.faces import Box

Document = dict[str, Any]


def photo_document(result: PhotoResult) -> Document:
    """One file's verdict, in the published form.

    Boxes are [left, top, right, bottom] in pixels of the upright picture, right
    and bottom exclusive. A margin is null when the gallery holds one person.
    """
    return {
        "path": str(result.path),
        "sha256": result.sha256,
        "width": result.width,
        "height": result.height,
        "rendition": _rendition(result.rendition) if result.rendition else None,
        "use": _use(result.use) if result.use else None,
        "outcome": result.outcome.value,
        "faces": [_face(number, face) for number, face in enumerate(result.faces, 1)],
        "channels": {channel: outcome.value for channel, outcome in result.channels.items()},
        "hints": _hints(result.hints) if result.hints else None,
        "unjudged": [what.value for what in result.unjudged],
        "export": _export(result.export) if result.export else None,
        "problem": None if result.problem is None else str(result.problem),
    }


def _rendition(rendition: Rendition) -> Document:
    return {
        "max_edge": rendition.max_edge,
        "width": rendition.width,
        "height": rendition.height,
    }


def _use(use: IntendedUse) -> Document:
    return {
        "channels": list(use.channels),
        "purpose": use.purpose,
        "material": use.material.value,
        "event": use.event,
        "on": use.on.isoformat(),
        "until": use.until.isoformat() if use.until else None,
    }


def _face(number: int, result: FaceResult) -> Document:
    return {
        "number": number,
        "box": _box(result.face.box),
        "score": round(result.face.score, 4),
        "size_class": result.size_class.value,
        "outcome": result.outcome.value,
        "person": result.recognised.person if result.recognised else result.match.person,
        "recognised": _recognised(result.recognised) if result.recognised else None,
        "distance": _number(result.match.distance),
        "likelihood_ratio": _number(result.match.score),
        "strangers": result.match.rate,
        "margin": _number(result.match.margin),
        "reasons": [reason.value for reason in result.reasons],
        "forms": list(result.serials),
        "valid_until": result.valid_until.isoformat() if result.valid_until else None,
        "cautions": [caution.value for caution in result.cautions],
        "said": said_document(result.said) if result.said else None,
    }


def _recognised(word: Identification) -> Document:
    return {"by": word.by, "on": word.on.isoformat()}


def said_document(said: NotAFace) -> Document:
    """A person's word that a face is none."""
    return {"by": said.by, "reason": said.reason, "on": said.on.isoformat()}


def _export(export: ExportResult) -> Document:
    return {
        "path": str(export.path),
        "sha256": export.sha256,
        "width": export.width,
        "height": export.height,
        "outcome": export.outcome.value,
        "style": export.style,
        "hidden": [_box(box) for box in export.hidden],
        "appeared": [_box(face.box) for face in export.appeared],
        "drawn": list(export.drawn),
        "crop": _box(export.crop) if export.crop else None,
        "crop_offered": _box(export.crop_offered) if export.crop_offered else None,
        "release": export.release,
        "carried": list(export.carried),
        "names": [
            {"where": name.where, "words": name.words, "person": name.person}
            for name in export.names
        ],
        "checks": {
            "faces_seen": export.checks.faces_seen,
            "heads_hidden": export.checks.heads_hidden,
            "strangers_as_alike": export.checks.strangers_as_alike,
            "largest_change": export.checks.largest_change,
        },
    }


def _hints(hints: Hints) -> Document:
    """What the file itself says: for people to read, and no evidence of anything."""
    return {
        "people": list(hints.people),
        "regions": [
            {"name": region.name, "box": _box(region.box), "source": region.source}
            for region in hints.regions
        ],
        "title": hints.title or hints.headline,
        "caption": hints.caption,
        "alt_text": hints.alt_text,
        "keywords": list(hints.keywords),
        "creator": list(hints.creator),
        "credit": hints.credit,
        "copyright": hints.copyright,
        "web_statement": hints.web_statement,
        "release": hints.model_release,
        "place": hints.place,
        "credential": hints.credential,
        "unreadable": list(hints.unreadable),
    }


def _box(box: Box) -> list[int]:
    return [box.left, box.top, box.right, box.bottom]


def _number(value: float | None) -> float | None:
    # JSON has no infinity: the margin of an only candidate.
    return None if value is None or not math.isfinite(value) else round(value, 4)
