"""Labelled photos of people, and the templates the product makes of them."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.progress import track

from detector.photo import open_photo

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from detector.detector import Detector
    from detector.faces import Face, Frame


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class People:
    """Templates of labelled photos, one row per photo in which a face was found.

    Attributes:
        templates: float32 (n, d).
        names: the person of each row.
        photos: number of photos looked at.
        fingerprint: SHA-256 of the labels, to tell later whether they were learnt from.
    """

    templates: npt.NDArray[np.float32]
    names: tuple[str, ...]
    photos: int
    fingerprint: str

    @property
    def labels(self) -> npt.NDArray[np.intp]:
        """A number per person, (n,)."""
        labels: npt.NDArray[np.intp] = np.unique(np.array(self.names), return_inverse=True)[1]
        return labels

    def __len__(self) -> int:
        return len(self.names)


def labels_in(media: Path, table: str = "lfw_people.csv") -> Mapping[str, str]:
    """File (relative to `media`) to person, from a table with the columns `file` and `person`."""
    with (media / table).open(encoding="utf-8", newline="") as rows:
        return {row["file"]: row["person"] for row in csv.DictReader(rows) if row["person"]}


def measure(
    media: Path, labels: Mapping[str, str], detector: Detector, cache: Path | None = None
) -> People:
    """The template of the labelled person in every photo, by the product's own path.

    The person is the face nearest to the middle. `cache` is a folder that keeps
    the templates between runs: delete it when the detector changes.
    """
    told = "\n".join(f"{file}\t{person}" for file, person in sorted(labels.items()))
    fingerprint = hashlib.sha256(told.encode()).hexdigest()
    key = hashlib.sha256(f"{fingerprint} {detector.recogniser_name}".encode()).hexdigest()[:16]
    stored = cache / f"people-{key}.npz" if cache else None
    if stored and stored.exists():
        with np.load(stored, allow_pickle=False) as kept:
            names = tuple(str(name) for name in kept["names"])
            return People(kept["templates"], names, len(labels), fingerprint)
    rows: list[npt.NDArray[np.float32]] = []
    owners: list[str] = []
    for file, person in track(sorted(labels.items()), description="Templates"):
        frame = open_photo(media / file)
        face = _in_the_middle(detector.find_faces(frame), frame)
        if face is None:
            continue
        row = detector.templates(frame, [face])[0]
        if np.isfinite(row).all():
            rows.append(row)
            owners.append(person)
    people = People(np.stack(rows), tuple(owners), len(labels), fingerprint)
    if stored:
        stored.parent.mkdir(parents=True, exist_ok=True)
        np.savez(stored, templates=people.templates, names=np.array(people.names))
    return people


def _in_the_middle(faces: Sequence[Face], frame: Frame) -> Face | None:
    def away(face: Face) -> float:
        box = face.box
        middle = ((box.left + box.right) / 2, (box.top + box.bottom) / 2)
        return math.dist(middle, (frame.width / 2, frame.height / 2))

    return min((face for face in faces if face.landmarks), key=away, default=None)
