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

from clearance.errors import ExportRefusedError
from clearance.hints import Hints
from clearance.language import language
from clearance.results import (
    Checks,
    ExportResult,
    FaceReason,
    FaceResult,
    NameFound,
    Outcome,
    PhotoResult,
)
from clearance.settings import Institution
from consent.decision import Reason
from consent.records import Exemption, ExemptionKind, Identification, NotAFace
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


CHECKS = Checks(faces_seen=1, heads_hidden=1, strangers_as_alike=0.25, largest_change=3)
SAID = NotAFace(
    id="w",
    picture="0" * 64,
    box=(0, 0, 9, 9),
    by="Anna Keller",
    reason="a poster of Jean Morand",
    on=HEAD.use_date,
)
RECOGNISED = Identification(
    id="i", picture="0" * 64, box=(0, 0, 9, 9), person="k7", by="Rolf Huber", on=HEAD.use_date
)
EXEMPTION = Exemption(
    id="e",
    kind=ExemptionKind.PUBLIC_FIGURE,
    reason="speech of Nicole Favre",
    approver="Marie Dubois",
    on=dt.date(2026, 11, 2),
    valid_until=dt.date(2027, 3, 31),
    channels=frozenset({"website"}),
)
NAMES = (
    *("Loïc Berthoud", "Zoé Amsler", "Anna Keller", "Jean Morand", "Rolf Huber"),
    *("Nicole Favre", "Marie Dubois", "Paul Girard", "Lea Wyss", "Karin Egli"),
    *("k7", "x9", "Préposé"),
)
"""Everybody who is named anywhere in `the_whole_story`, and the ids of who is in the registry."""


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


def an_export(hidden: tuple[Box, ...] = ()) -> ExportResult:
    """A copy that says and leaves out a little of everything."""
    return ExportResult(
        Path("out/a.png"),
        "c" * 64,
        600,
        400,
        hidden,
        Outcome.REDACTED,
        CHECKS,
        release="MR-LMR",
        carried=("creator",),
        names=(NameFound("caption", "Lea Wyss", "x9"),),
        written={
            "plus:ModelReleaseStatus": ("http://ns.useplus.org/ldf/vocab/MR-LMR",),
            "plus:ModelReleaseID": ("7KQ4-M2XD-9F3T-C",),
            "dc:creator": ("Paul Girard",),
        },
        removed=("exif", "coordinates", "caption"),
    )


def the_whole_story(folder: Path) -> list[PhotoResult]:
    """A picture with somebody of every kind and its copy, and a file that failed.

    From left to right: somebody recognised by a person, a poster, somebody exempt, somebody
    blocked.
    """
    boxes = [Box(left, 120, left + 60, 200) for left in (40, 180, 320, 460)]
    photo = a_photo(folder / "a.png", boxes)
    channels = {"intranet": Outcome.CLEARED, "website": Outcome.CLEARED}
    until = {"intranet": dt.date(2027, 5, 31), "website": dt.date(2027, 4, 30)}
    known = dataclasses.replace(
        a_face(boxes[0], Outcome.CLEARED, reasons=(FaceReason.RECOGNISED,), name="Loïc Berthoud"),
        recognised=RECOGNISED,
        channels=channels,
        until=until,
    )
    poster = dataclasses.replace(
        a_face(boxes[1], Outcome.EXEMPT, reasons=(FaceReason.NOT_A_FACE,)), said=SAID
    )
    exempt = dataclasses.replace(
        a_face(
            boxes[2],
            Outcome.EXEMPT,
            person="x9",
            name="Zoé Amsler",
            reasons=(FaceReason.EXEMPTED,),
        ),
        exemptions=(EXEMPTION,),
        channels={"intranet": Outcome.BLOCKED, "website": Outcome.EXEMPT},
        until={"website": EXEMPTION.valid_until},
    )
    result = a_result(photo, [known, poster, exempt, a_face(boxes[3])])
    gone = PhotoResult(
        folder / "b.png",
        Outcome.FAILED,
        problem=ExportRefusedError(
            "The copy of {path} would name somebody who did not agree to be named "
            "({words}): rename the photo, or its folder.",
            path=Path("/Lea Wyss/b.png"),
            words="Lea Wyss",
        ),
    )
    hints = Hints(people=("Karin Egli",), caption="Karin Egli at the door")
    return [dataclasses.replace(result, hints=hints, export=an_export((boxes[3],))), gone]


def report(
    path: Path,
    results: list[PhotoResult],
    head: ReportHead = HEAD,
    opener: Callable[[Path], Frame] = open_photo,
) -> Path:
    """Write the report; gives its path back."""
    write_report(results, path, head, opener)
    return path
