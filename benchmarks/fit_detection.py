"""Chooses from which score a sighting is a face, and says what that choice is worth.

    python -m benchmarks.fit_detection MEDIA [--thorough] [--false-boxes 1.5] [--photos 300]

MEDIA holds `wider/` as benchmarks/wider.py reads it. Every photo is looked at once
with a threshold far below the real one. Two numbers are then chosen
(`DetectionOptions.threshold` and `.doubt`): of all pairs that allow at most so many
false boxes a photo, the one that finds most recognisable faces; among equals, most
faces of 16 pixels and more.

What a choice finds in the photos it was made on flatters it. So the photos are
divided by event into ten parts, each judged with the numbers chosen on the nine
others; the table shows these figures beside the flattering ones.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.wider import FALSE, FOUND, Band, Photo, event, overlap, read_photos, spread
from detector.faces import RECOGNISABLE_WIDTH

if TYPE_CHECKING:
    import numpy.typing as npt

    from detector.faces import Face

    Floats = npt.NDArray[np.float64]
    Flags = npt.NDArray[np.bool_]

LOWEST = 0.25
"""Faces scored lower are not looked at: such a limit would allow twenty false boxes a photo."""
THRESHOLDS = tuple(round(0.30 + 0.01 * step, 2) for step in range(31))
DOUBTS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3)
PARTS = 10


@dataclasses.dataclass(frozen=True, slots=True)
class Limits:
    """The two numbers: `DetectionOptions.threshold` and `.doubt` (or `.doubt_thorough`)."""

    threshold: float
    doubt: float


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """One photo with everything that was seen in it, certain or not.

    `scores` and `halvings` (how often the width was halved from 24 pixels) are
    (boxes,); `overlaps` is (faces, boxes); `bands` is (faces, bands).
    """

    photo: Photo
    scores: Floats
    halvings: Floats
    overlaps: Floats
    bands: Flags

    @classmethod
    def of(cls, photo: Photo, faces: Sequence[Face]) -> Looked:
        """What was seen, beside what is there."""
        widths = np.array([max(1.0, face.frontal_width) for face in faces], np.float64)
        return cls(
            photo,
            np.array([face.score for face in faces], np.float64),
            np.maximum(0, np.log2(RECOGNISABLE_WIDTH / widths)),
            overlap([face.box for face in photo.faces], [face.box for face in faces]),
            np.array([[band in face.bands for band in Band] for face in photo.faces], np.bool_),
        )

    def counts(self, limits: Limits) -> Counts:
        """What the limits make of it."""
        asked = limits.threshold + limits.doubt * self.halvings
        kept = self.overlaps[:, self.scores >= np.minimum(asked, 0.9)]
        found = kept.max(axis=1, initial=0) >= FOUND
        false = int((kept.max(axis=0, initial=0) < FALSE).sum())
        return Counts(
            (self.bands & found[:, None]).sum(axis=0), self.bands.sum(axis=0), false, photos=1
        )


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """Faces found and faces there by band, both (bands,); false boxes; photos."""

    found: npt.NDArray[np.int_]
    total: npt.NDArray[np.int_]
    false: int
    photos: int

    @classmethod
    def together(cls, parts: Sequence[Counts]) -> Counts:
        """The sum of all."""
        return cls(
            np.sum([part.found for part in parts], axis=0),
            np.sum([part.total for part in parts], axis=0),
            sum(part.false for part in parts),
            sum(part.photos for part in parts),
        )

    @property
    def worth(self) -> tuple[int, int]:
        """Recognisable faces first, then all that are 16 pixels wide or more."""
        bands = dict(zip(Band, self.found.tolist(), strict=True))
        return bands[Band.RECOGNISABLE], bands[Band.ALL] + bands[Band.SMALL]

    def row(self, name: str) -> str:
        """One line of the table."""
        recalls = " | ".join(f"{share:.4f}" for share in self.found / self.total)
        return f"| {name} | {recalls} | {self.false / self.photos:.2f} |"


def look(photos: Sequence[Photo], *, thorough: bool) -> list[Looked]:
    """Look at every photo, keeping what is scored `LOWEST` or more."""
    from detector.detector import Detector
    from detector.options import DetectionOptions
    from detector.photo import open_photo

    options = DetectionOptions(
        thorough=thorough,
        threshold=LOWEST,
        threshold_thorough=LOWEST,
        doubt=0.0,
        doubt_thorough=0.0,
    )
    detector = Detector.load(options=options)
    return [Looked.of(photo, detector.find_faces(open_photo(photo.path))) for photo in photos]


def chosen(looked: Sequence[Looked], false_boxes: float) -> Limits:
    """The limits worth most in these photos, with at most so many false boxes a photo."""
    best: tuple[tuple[int, int], Limits] | None = None
    for threshold, doubt in itertools.product(THRESHOLDS, DOUBTS):
        limits = Limits(threshold, doubt)
        counts = Counts.together([one.counts(limits) for one in looked])
        if counts.false <= false_boxes * len(looked) and (best is None or counts.worth > best[0]):
            best = counts.worth, limits
    return best[1] if best else Limits(max(THRESHOLDS), max(DOUBTS))


def cross_validated(looked: Sequence[Looked], false_boxes: float) -> Counts:
    """Every part judged with the limits chosen on the others; an event is in one part."""
    events = sorted({event(one.photo) for one in looked})
    part_of = {name: index % PARTS for index, name in enumerate(events)}
    judged = []
    for part in range(PARTS):
        inside = [one for one in looked if part_of[event(one.photo)] == part]
        others = [one for one in looked if part_of[event(one.photo)] != part]
        limits = chosen(others, false_boxes)
        judged += [one.counts(limits) for one in inside]
    return Counts.together(judged)


def report(looked: Sequence[Looked], false_boxes: float, shipped: Limits) -> str:
    """The choice, and what it is worth, as a Markdown table."""
    limits = chosen(looked, false_boxes)
    lines = [
        f"| limits | {' | '.join(Band)} | false boxes a photo |",
        "|---|" + "---|" * (len(Band) + 1),
        cross_validated(looked, false_boxes).row("cross-validated"),
        Counts.together([one.counts(limits) for one in looked]).row(
            f"chosen: {limits.threshold}, {limits.doubt}"
        ),
        Counts.together([one.counts(shipped) for one in looked]).row(
            f"shipped: {shipped.threshold}, {shipped.doubt}"
        ),
    ]
    return "\n".join(lines)


def main() -> None:
    """Print the choice and its figures."""
    from detector.options import DetectionOptions

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("media", type=Path)
    parser.add_argument("--thorough", action="store_true")
    parser.add_argument("--false-boxes", type=float, default=1.5)
    parser.add_argument("--photos", type=int, default=300)
    asked = parser.parse_args()
    options = DetectionOptions()
    shipped = Limits(options.threshold, options.doubt)
    if asked.thorough:
        shipped = Limits(options.threshold_thorough, options.doubt_thorough)
    photos = spread(read_photos(asked.media), asked.photos)
    looked = look(photos, thorough=asked.thorough)
    print(report(looked, asked.false_boxes, shipped))


if __name__ == "__main__":
    main()
