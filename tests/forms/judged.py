"""Pictures and verdicts for the report's tests."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from clearance.language import language
from clearance.results import FaceReason, FaceResult, Outcome, PhotoResult
from clearance.settings import Institution
from consent.decision import Reason
from detector.faces import Box, Certainty, Face, Frame, Match, SizeClass
from forms.clearance_report import ReportHead, write_report

SKIN = (250, 10, 200)
"""A colour that stands in no other part of a picture or page."""
WALL = (190, 250, 20)
ENGLISH = language("en")
HEAD = ReportHead(
    language=ENGLISH,
    made_at=dt.datetime(2026, 11, 21, 14, 30, tzinfo=dt.timezone(dt.timedelta(hours=1))),
    use_date=dt.date(2026, 12, 1),
    institution=Institution("Hôpital d’Exemple", "images@hopital.example", "Préposé", "Sion"),
    tool={"clearance": "0.1.0", "recogniser": "dlib_resnet"},
)


def a_photo(path: Path, boxes: list[Box], size: tuple[int, int] = (600, 400)) -> Path:
    """A picture of coloured squares in place of faces."""
    image = Image.new("RGB", size, WALL)
    for box in boxes:
        image.paste(SKIN, (box.left, box.top, box.right, box.bottom))
    image.save(path, "PNG")
    return path


def open_photo(path: Path) -> Frame:
    """What the detector's own function gives, without its checks."""
    data = path.read_bytes()
    pixels = np.array(Image.open(path).convert("RGB"))
    return Frame(path, hashlib.sha256(data).hexdigest(), "PNG", pixels)


def a_face(
    box: Box,
    outcome: Outcome = Outcome.BLOCKED,
    *,
    person: str | None = None,
    name: str | None = None,
    certainty: Certainty = Certainty.CONFIDENT,
    reasons: tuple[FaceReason | Reason, ...] = (),
) -> FaceResult:
    """One judged face."""
    match = Match(certainty, person, 0.41, 20.5, math.inf, 8.13e-6) if person else Match.nobody()
    serials = ("7KQ4-M2XD-9F3T-C",) if person else ()
    return FaceResult(
        Face(box, 0.9), SizeClass.RECOGNISABLE, match, outcome, reasons, {}, name, serials
    )


def a_result(path: Path, faces: list[FaceResult]) -> PhotoResult:
    """The verdict on a picture that exists."""
    frame = open_photo(path)
    outcome = Outcome.worst(face.outcome for face in faces)
    return PhotoResult(
        path,
        outcome,
        frame.sha256,
        frame.width,
        frame.height,
        tuple(faces),
        {"intranet": Outcome.CLEARED, "website": outcome},
        ("website",),
    )


def report(
    path: Path,
    results: list[PhotoResult],
    head: ReportHead = HEAD,
    opener: Callable[[Path], Frame] = open_photo,
) -> Path:
    """Write the report; gives its path back."""
    fields = {field.name: getattr(head, field.name) for field in dataclasses.fields(head)}
    write_report(results, path, open_photo=opener, **fields)
    return path
