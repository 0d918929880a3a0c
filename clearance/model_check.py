"""Tries an institution's own networks on the sample pictures, before they judge anybody.

The people of the sample pictures are drawn, so this finds wrong words in
clearance.toml, like red taken for blue; it does not measure how good a network
is. Only score tables, made from photos, say what its distances mean.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from clearance.demo import SAMPLES, sample_cast
from detector.calibration import model_for
from detector.detector import Detector
from detector.errors import BackendMissingError, ModelMissingError
from detector.faces import Box
from detector.models import UserRecogniser
from detector.photo import open_photo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from clearance.settings import Settings
    from detector.faces import Face, Frame
    from detector.models import UserModel

SAME_FACE = 0.4
"""Intersection over union from which a found face is the one that is drawn there."""

PASSED = 0.5
"""Share of the pictures that a network must get right; those of the right words get nearly all."""


@dataclasses.dataclass(frozen=True, slots=True)
class ModelReport:
    """What became of one declared network.

    Attributes:
        model: the declaration.
        tag: what its templates, or those made with its landmarks, are called.
        in_use: it is the one that [detection] names.
        right: pictures it got right: a finder found the face where it is drawn; to a
            recogniser another portrait of the same person lies nearest.
        tried: pictures it was tried on.
        measured: it is known what the scores mean; else no match can be sure.
        problem: why it cannot be used.
    """

    model: UserModel
    tag: str
    in_use: bool
    right: int = 0
    tried: int = 0
    measured: bool = False
    problem: ModelMissingError | BackendMissingError | None = None

    @property
    def tells_apart(self) -> bool:
        """Whether it did what it is for on at least half of the pictures."""
        return self.tried > 0 and self.right >= PASSED * self.tried


def check_models(settings: Settings) -> Iterator[ModelReport]:
    """Every declared network, tried one after the other.

    Raises:
        DemoMissingError: the sample pictures are not installed.
    """
    portraits = tuple(_portraits())
    for model in settings.models.values():
        yield _check(model, settings, portraits)


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class _Portrait:
    frame: Frame
    person: str
    twin: str | None
    box: Box


def _portraits() -> Iterator[_Portrait]:
    """The portraits of everybody who has two."""
    cast = sample_cast()
    faces = {picture["file"]: picture["faces"] for picture in cast["pictures"]}
    twins = {person["id"]: person["twin_of"] for person in cast["people"]}
    twins |= {twin: person for person, twin in twins.items() if twin}
    for person in cast["people"]:
        for file in person["portraits"] if len(person["portraits"]) > 1 else ():
            (face,) = faces[file]
            frame = open_photo(SAMPLES / file)
            yield _Portrait(frame, person["id"], twins.get(person["id"]), Box(*face["box"]))


def _check(model: UserModel, settings: Settings, portraits: Sequence[_Portrait]) -> ModelReport:
    chosen = settings.detection
    in_use = model.name in {chosen.finder, chosen.recogniser}
    if model.kind == "finder":
        detector = Detector.load(model.name, models=settings.models)
        report = ModelReport(model, model.tag, in_use)
    else:
        detector = Detector.load(chosen.finder, model.name, models=settings.models)
        report = ModelReport(model, detector.recogniser_name, in_use)
    try:
        if model.kind == "recogniser":
            # What is refused is refused before anything is searched.
            detector.templates(portraits[0].frame, ())
            report = dataclasses.replace(report, measured=model_for(detector) is not None)
        faces = [_drawn_face(detector, portrait) for portrait in portraits]
        right = [face is not None for face in faces]
        if model.kind == "recogniser":
            right = list(_nearest_is_the_same(detector, portraits, faces))
    except (ModelMissingError, BackendMissingError) as error:
        return dataclasses.replace(report, problem=error)
    return dataclasses.replace(report, right=sum(right), tried=len(right))


def _drawn_face(detector: Detector, portrait: _Portrait) -> Face | None:
    """The face found where one is drawn."""
    found = detector.find_faces(portrait.frame)
    best = max(found, key=lambda face: face.box.iou(portrait.box), default=None)
    return best if best and best.box.iou(portrait.box) >= SAME_FACE else None


def _nearest_is_the_same(
    detector: Detector, portraits: Sequence[_Portrait], faces: Sequence[Face | None]
) -> Iterator[bool]:
    """For each portrait: whether the other one of the same person lies nearest.

    Twins are drawn alike on purpose and are not held against a network.
    """
    rows = [
        detector.templates(portrait.frame, [face])[0] if face else None
        for portrait, face in zip(portraits, faces, strict=True)
    ]
    for mine, row in zip(portraits, rows, strict=True):
        others = [
            (portrait.person == mine.person, other)
            for portrait, other in zip(portraits, rows, strict=True)
            if portrait is not mine and portrait.person != mine.twin
        ]
        apart = [
            (float(np.linalg.norm(row - other)), same)
            for same, other in others
            if row is not None and other is not None
        ]
        # A template that could not be made is nearest to nobody.
        known = [pair for pair in apart if np.isfinite(pair[0])]
        yield min(known)[1] if known else False


def model_document(report: ModelReport, problem: str | None) -> Mapping[str, Any]:
    """The report for machines; `problem` is its text."""
    model, prepared = report.model, report.model.preparation
    document: dict[str, Any] = {
        "model": model.name,
        "kind": model.kind,
        "in_use": report.in_use,
        "file": str(model.file),
        "sha256": model.sha256,
        "licence": model.licence,
        "tag": report.tag,
        "input": dataclasses.asdict(prepared),
        "right": report.right,
        "tried": report.tried,
        "passed": report.tells_apart,
        "problem": problem,
    }
    if isinstance(model, UserRecogniser):
        document |= {
            "side": model.geometry.side,
            "dimensions": model.dimensions,
            "scores": str(model.scores) if model.scores else None,
            "measured": report.measured,
        }
    else:
        document |= {"decoder": model.decoder, "size": model.size}
    return document
