"""Results as JSON documents; the schema is `schemas/photo.schema.json`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
        "hidden": [_box(box) for box in export.hidden],
    }


def _box(box: Box) -> list[int]:
    return [box.left, box.top, box.right, box.bottom]


def _number(value: float | None) -> float | None:
    # JSON has no infinity: the margin of an only candidate.
    return None if value is None or not math.isfinite(value) else round(value, 4)
