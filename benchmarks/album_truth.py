"""What an album's answers are worth: names against who is there, copies against the labels."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from benchmarks.wider import Band
from detector.faces import Box

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    import numpy.typing as npt

    from benchmarks.composites import Cast, Picture
    from benchmarks.wider import Photo

OURS_NAMED = "cleared"
"""The outcome of a face that ours is sure of: everybody enrolled has agreed to everything."""


# --- names ----------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, slots=True)
class Names:
    """Names said of pictures; each counts once a picture, on however many faces.

    Attributes:
        there: people of the gallery who are in the pictures.
        right: of them, who was named.
        looked_at: of them, who was not named and is shown to a person as a likely match.
        wrong: names of people who are not in the picture.
        wrong_looks: people shown as a likely match who are not in the picture.
    """

    there: int
    right: int
    wrong: int
    looked_at: int = 0
    wrong_looks: int = 0


def judged_names(
    pictures: Iterable[Picture],
    named: Mapping[str, Collection[str]],
    likely: Mapping[str, Collection[str]] | None = None,
) -> Names:
    """Count names by the file's name: those said for sure, and those shown to a person."""
    there = right = wrong = looked_at = wrong_looks = 0
    for one in pictures:
        file = one.photo.path.name
        sure = set(named.get(file, ()))
        doubtful = set((likely or {}).get(file, ())) - sure
        there += len(one.people)
        right += len(sure & one.people)
        wrong += len(sure - one.people)
        looked_at += len(doubtful & one.people)
        wrong_looks += len(doubtful - one.people)
    return Names(there, right, wrong, looked_at, wrong_looks)


@dataclasses.dataclass(frozen=True, slots=True)
class Answers:
    """What `clearance … --json` said, by the file's name; people by the names they have here."""

    boxes: dict[str, list[Box]]
    named: dict[str, list[str]]
    likely: dict[str, list[str]]
    copies: dict[str, Path]
    failed: list[str]


def answers_in(output: str, people: Mapping[str, str] | None = None) -> Answers:
    """Read the documents, one a line; `people` gives the name of each id of the registry."""
    answers = Answers({}, {}, {}, {}, [])
    for line in output.splitlines():
        if not line.startswith("{"):
            continue
        document: dict[str, Any] = json.loads(line)
        if "album" in document:  # the last line, about all of them
            continue
        file = Path(document["path"]).name
        faces = document["faces"]
        answers.boxes[file] = [Box(*face["box"]) for face in faces]
        said = [(face["person"], face["outcome"] == OURS_NAMED) for face in faces if face["person"]]
        told = [((people or {}).get(person, person), sure) for person, sure in said]
        answers.named[file] = [name for name, sure in told if sure]
        answers.likely[file] = [name for name, sure in told if not sure]
        if document["export"]:
            answers.copies[file] = Path(document["export"]["path"])
        if document["outcome"] == "failed":
            answers.failed.append(file)
    return answers


def enrol(cast: Cast, home: Path, materials: Collection[str] = ("photo",)) -> Mapping[str, str]:
    """A registry in `home` with the cast, who agree to everything of these materials; names by id.

    Whoever has no portrait that is good enough is left out.
    """
    from clearance.enrolment import read_portrait
    from clearance.references import references_of
    from consent.policy import CHANNELS, PURPOSES
    from consent.records import Consent, EvidenceLevel, Material, Scope, Terms
    from consent.registry import Registry
    from consent.signing import evidence_from
    from detector.detector import Detector
    from detector.errors import DetectorError

    detector, today = Detector.load(), dt.datetime.now().astimezone().date()
    scope = Scope(
        materials=frozenset(map(Material, materials)),
        channels=frozenset(CHANNELS),
        purposes=frozenset(PURPOSES),
        valid_from=today,
        valid_until=today + dt.timedelta(days=365),
    )
    scan = b"A measurement: nobody has signed anything."
    evidence = evidence_from(scan, ".txt", EvidenceLevel.WET_INK)
    names = {}
    with Registry.create(home) as registry:
        for number, (name, paths) in enumerate(cast.portraits.items(), 1):
            portraits = []
            for path in paths:
                try:
                    portraits.append(read_portrait(path, detector))
                except DetectorError:
                    continue
            person = registry.add_person(name.replace("_", " "), portraits, on=today)
            made = references_of(person, registry, detector, today)
            if not made.templates:
                continue
            form = Consent(
                serial=f"MEASURED-{number:03}",
                person=person.id,
                signed=today,
                scope=scope,
                evidence=evidence,
                recorded_on=today,
                terms=Terms(biometric=True),
            )
            registry.record_consent(
                form, scan, templates=made.templates, recogniser=detector.recogniser_name
            )
            names[person.id] = name
    return names


# --- copies ---------------------------------------------------------------------------------

CHANGED = 6.0
"""Mean difference, in steps of 255, from which the middle of a face is not shown any more.

Of 127 recognisable faces of crowds it was 0.6 at most where deface encoded the photo and hid
nobody."""
MIDDLE = 0.25
"""What is left out at each edge of a label, as a share of its side: hair, neck, ground."""


@dataclasses.dataclass(frozen=True, slots=True)
class Hidden:
    """Recognisable faces of the labels, and how many of them a copy does not show."""

    total: int
    hidden: int
    copies: int

    @property
    def share(self) -> float:
        """Of the faces that there are, 0 to 1; NaN without any."""
        return self.hidden / self.total if self.total else float("nan")


def hidden_in(photos: Iterable[Photo], copies: Mapping[str, Path]) -> Hidden:
    """How many recognisable faces are changed beyond recognition of the encoder.

    A photo without a copy shows nobody: none of its faces counts.

    Args:
        photos: the originals with their labels.
        copies: the copy of each, by the original's name, of the same size.
    """
    total = hidden = seen = 0
    for photo in photos:
        copy = copies.get(photo.path.name)
        if copy is None or not copy.exists():
            continue
        seen += 1
        boxes = [face.box for face in photo.faces if Band.RECOGNISABLE in face.bands]
        changes = changes_at(_pixels(photo.path), _pixels(copy), boxes)
        total += len(boxes)
        hidden += sum(change >= CHANGED for change in changes)
    return Hidden(total, hidden, seen)


def changes_at(
    before: npt.NDArray[np.uint8], after: npt.NDArray[np.uint8], boxes: Sequence[Box]
) -> list[float]:
    """The mean difference of two pictures in the middle of each box, in steps of 255.

    Raises:
        ValueError: the pictures are not of the same size.
    """
    if before.shape != after.shape:
        raise ValueError(f"a copy of {after.shape[:2]} of a picture of {before.shape[:2]}")
    found = []
    for box in boxes:
        across, down = box.width * MIDDLE, box.height * MIDDLE
        rows = slice(
            round(box.top + down), max(round(box.bottom - down), round(box.top + down) + 1)
        )
        columns = slice(
            round(box.left + across),
            max(round(box.right - across), round(box.left + across) + 1),
        )
        one, other = (part[rows, columns].astype(np.int16) for part in (before, after))
        found.append(float(np.abs(one - other).mean()))
    return found


def _pixels(path: Path) -> npt.NDArray[np.uint8]:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))
