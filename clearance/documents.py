"""Results as JSON documents; the schema is `schemas/photo.schema.json`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from clearance.checklist import checklist_of
from clearance.results import Outcome, VideoResult
from clearance.video_document import inside, video_document, video_without_names

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from clearance.hints import Hints
    from clearance.rendition import Rendition
    from clearance.results import ExportResult, FaceResult, PhotoResult
    from clearance.use import IntendedUse
    from consent.records import Exemption, Identification, NotAFace
    from detector.faces import Box

Document = dict[str, Any]


def photo_document(result: PhotoResult) -> Document:
    """One file's verdict, in the published form.

    Boxes are [left, top, right, bottom] in pixels of the upright picture, right
    and bottom exclusive. A margin is null when the gallery holds one person. That of a
    video says what a photo's says, of each face at its best moment, and more.
    """
    document = _photo(result)
    if isinstance(result, VideoResult):
        document["kind"] = "video"
        document["video"] = video_document(result)
        for face, said in zip(result.faces, document["faces"], strict=True):
            said["box"] = inside(face.face.box, result)
    return document


def _photo(result: PhotoResult) -> Document:
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
        "checklist": _checklist(result),
        "problem": None if result.problem is None else str(result.problem),
    }


def without_names(result: PhotoResult, numbers: Mapping[str, int]) -> Document:
    """The same in the same form, with nothing in it that names somebody but the file's name.

    Args:
        result: the verdict.
        numbers: what each person is called in place of the id.
    """
    from clearance.language import DEFAULT, language
    from clearance.metadata_words import TELLING

    document = photo_document(result)
    document["path"] = result.path.name
    document["hints"] = None
    if result.problem:
        document["problem"] = language(DEFAULT).error(result.problem, names=False)
    for face, said in zip(result.faces, document["faces"], strict=True):
        said["person"] = f"person {numbers[face.person]}" if face.person else None
        _blank(said["recognised"], "by")
        _blank(said["said"], "by", "reason")
        for exemption in said["exemptions"]:
            _blank(exemption, "reason", "approver")
    if isinstance(result, VideoResult):
        video_without_names(result, document["video"])
    if export := document["export"]:
        export["path"] = result.export.path.name if result.export else None
        for name in export["names"]:
            _blank(name, "words", "person")
        export["written"] = {
            name: values if name in TELLING else [] for name, values in export["written"].items()
        }
    return document


def _blank(document: Document | None, *names: str) -> None:
    if document:
        document.update(dict.fromkeys(names))


def _checklist(result: PhotoResult) -> list[Document]:
    """What a person must still answer; nothing for a file that could not be judged."""
    if result.outcome is Outcome.FAILED:
        return []
    items = checklist_of(result)
    return [{"item": item.value, "answer": None, "by": None, "on": None} for item in items]


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
        "until": _day(use.until),
    }


def _face(number: int, result: FaceResult) -> Document:
    return {
        "number": number,
        "box": _box(result.face.box),
        "score": round(result.face.score, 4),
        "size_class": result.size_class.value,
        "outcome": result.outcome.value,
        "person": result.person,
        "recognised": _recognised(result.recognised) if result.recognised else None,
        "distance": _number(result.match.distance),
        "likelihood_ratio": _number(result.match.score),
        "strangers": result.match.rate,
        "margin": _number(result.match.margin),
        "reasons": [reason.value for reason in result.reasons],
        "forms": list(result.serials),
        "valid_until": _day(result.valid_until),
        "cautions": [caution.value for caution in result.cautions],
        "said": said_document(result.said) if result.said else None,
        "exemptions": [_exemption(one) for one in result.exemptions],
        "channels": {
            channel: {
                "outcome": outcome.value,
                "valid_until": _day(result.until.get(channel)),
            }
            for channel, outcome in result.channels.items()
        },
    }


def _exemption(exemption: Exemption) -> Document:
    return {
        "kind": exemption.kind.value,
        "reason": exemption.reason,
        "approver": exemption.approver,
        "on": exemption.on.isoformat(),
        "valid_until": exemption.valid_until.isoformat(),
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
        "written": {name: list(values) for name, values in export.written.items()},
        "removed": list(export.removed),
        "names": [
            {"where": name.where, "words": name.words, "person": name.person}
            for name in export.names
        ],
        "checks": {
            "faces_seen": export.checks.faces_seen,
            "heads_hidden": export.checks.heads_hidden,
            "strangers_as_alike": export.checks.strangers_as_alike,
            "largest_change": export.checks.largest_change,
            "passed": [proof.value for proof in export.checks.passed],
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


def _day(day: dt.date | None) -> str | None:
    return day.isoformat() if day else None


def _number(value: float | None) -> float | None:
    # JSON has no infinity: the margin of an only candidate.
    return None if value is None or not math.isfinite(value) else round(value, 4)
