"""Do the unknown faces of an album come together by person, and only by person?

    python -m benchmarks.groups MEDIA [--albums 3] [--photos 300] [--large] [--cache DIR]

MEDIA holds labelled photos with `lfw_people.csv`, `face_recognition_people.csv` and
`deepface_people.csv`, and crowds in `wider/`. Beside ours runs what photo libraries do: two
faces whose templates are nearer than a distance are linked, and whoever is linked is one person.

Albums are drawn from people from whom the model was not learnt. Precision is the share of pairs of
faces in one group that are one person's, recall the share of pairs of one person that are in one
group; a mixed group holds two people. In crowds nobody is labelled, but a group across two events
is wrong. Prints a Markdown table; the time is that of the processor, comparing alone.
"""

from __future__ import annotations

import argparse
import collections
import dataclasses
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.progress import track

from benchmarks import wider
from benchmarks.accuracy import judged_models
from benchmarks.people import labels_in, measure
from clearance.face_groups import SMALLEST_EYES
from detector.calibration import model_for
from detector.detector import Detector
from detector.grouping import grouped, limit_for, typical
from detector.photo import open_photo

if TYPE_CHECKING:
    import numpy.typing as npt

    from benchmarks.people import People
    from detector.faces import Templates
    from detector.scoring import ScoreModel

    Floats = npt.NDArray[np.float64]
    Rows = npt.NDArray[np.intp]

    Grouper = Callable[[ScoreModel, Templates, Rows], Rows]
    """Model, templates (n, d) and the place of each (nobody is in one twice) to groups (n,)."""

DISTANCES = (0.6, 0.5, 0.4)
"""0.6 is the tolerance of face_recognition; the others are what one would try next."""

PEOPLE = 200
MOST_PICTURES = 20
SEVERAL = 4
"""Photos that somebody must have to be one of the half of an album who are seen often."""
SEED = 11
_BLOCK = 512


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Album:
    """Faces to be grouped; `people` (n,) says whose each is, -1 where nobody knows."""

    model: ScoreModel
    templates: Templates
    people: Rows
    places: Rows
    events: Rows
    """(n,): a number per event; nobody is at two of them."""


@dataclasses.dataclass(frozen=True, slots=True)
class Judged:
    """What became of an album; counts of pairs, of groups, of questions."""

    faces: int
    right: int
    grouped: int
    same: int
    groups: int
    mixed: int
    across: int
    """Groups that hold faces of two events, where nobody is at both."""
    questions: int
    people: int
    seconds: float


def ours(model: ScoreModel, templates: Templates, places: Rows) -> Rows:
    """As the product groups faces of which nobody is known."""
    rows = model.prepared(templates)
    some = np.flatnonzero(typical(model, rows))
    nobody = np.full(len(some), -1)
    # Whoever takes no part is a question of its own.
    labels = len(rows) + np.arange(len(rows))
    labels[some] = grouped(model, rows[some], places[some], nobody, limit_for(model, len(some)))
    return labels


def linked(tolerance: float) -> Grouper:
    """Connected components of all pairs that are nearer than `tolerance`."""

    def group(_: ScoreModel, templates: Templates, places: Rows) -> Rows:
        rows = templates.astype(np.float64)
        labels = np.arange(len(rows))
        squares = np.square(rows).sum(axis=1)
        for start in range(0, len(rows), _BLOCK):
            products = rows[start : start + _BLOCK] @ rows.T
            apart = squares[start : start + _BLOCK, None] + squares - 2 * products
            for row, near in enumerate(apart < tolerance**2, start):
                joined = np.unique(
                    labels[near & ((places != places[row]) | (labels == labels[row]))]
                )
                labels[np.isin(labels, joined)] = labels[row]
        return labels

    return group


def judge(album: Album, group: Grouper) -> Judged:
    """Groups the album and compares with the truth."""
    start = time.process_time()
    labels = group(album.model, album.templates, album.places)
    seconds = time.process_time() - start
    known = album.people >= 0
    of_group = collections.defaultdict(list)
    for label, person, event in zip(labels, album.people, album.events, strict=True):
        of_group[int(label)].append((int(person), int(event)))
    several = [members for members in of_group.values() if len(members) > 1]
    told = list(zip(labels[known].tolist(), album.people[known].tolist(), strict=True))
    return Judged(
        faces=len(labels),
        right=_pairs(told),
        grouped=_pairs(label for label, _ in told),
        same=_pairs(person for _, person in told),
        groups=len(several),
        mixed=sum(len({person for person, _ in members} - {-1}) > 1 for members in several),
        across=sum(len({event for _, event in members}) > 1 for members in several),
        questions=len(of_group),
        people=len(set(album.people[known].tolist())),
        seconds=seconds,
    )


def _pairs(values: Iterable[object]) -> int:
    """Pairs of equal ones."""
    return sum(count * (count - 1) // 2 for count in collections.Counter(values).values())


def albums(
    people: People, models: Sequence[tuple[ScoreModel, Rows]], count: int
) -> Iterator[Album]:
    """So many albums of 200 people, half of them seen up to 20 times, of each model's strangers."""
    random = np.random.default_rng(SEED)
    for model, rows in models:
        for _ in range(count):
            chosen = np.concatenate(list(_drawn(people.labels, rows, random)))
            yield _of_one_event(model, people, chosen)


def _drawn(labels: Rows, rows: Rows, random: np.random.Generator) -> Iterator[Rows]:
    everybody, counts = np.unique(labels[rows], return_counts=True)
    order = random.permutation(len(everybody))
    often = [index for index in order if counts[index] >= SEVERAL][: PEOPLE // 2]
    others = [index for index in order if index not in set(often)][: PEOPLE - len(often)]
    for index in [*often, *others]:
        own = random.permutation(rows[labels[rows] == everybody[index]])
        yield own[: random.integers(1, MOST_PICTURES + 1)]


def _of_one_event(model: ScoreModel, people: People, rows: Rows) -> Album:
    return Album(
        model,
        people.templates[rows],
        people.labels[rows],
        np.arange(len(rows)),
        np.zeros(len(rows), np.intp),
    )


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Crowds:
    """Faces of crowd photos (n): templates, and the photo and the event of each."""

    templates: Templates
    photos: Rows
    events: Rows


def crowds(media: Path, detector: Detector, photos: int, cache: Path | None) -> Crowds:
    """Every face of crowd photos that is large enough, with the photo it is in."""
    chosen = wider.read_photos(media)[:photos]
    stored = cache / f"crowds-{len(chosen)}.npz" if cache else None
    if stored and stored.exists():
        with np.load(stored, allow_pickle=False) as kept:
            return Crowds(kept["templates"], kept["photos"], kept["events"])
    rows, places, events = [], [], []
    number: dict[str, int] = {}
    for place, photo in enumerate(track(chosen, description="Crowds")):
        frame = open_photo(photo.path)
        faces = [
            face
            for face in detector.find_faces(frame)
            if face.landmarks and face.landmarks.eye_distance >= SMALLEST_EYES
        ]
        for row in detector.templates(frame, faces):
            if np.isfinite(row).all():
                rows.append(row)
                places.append(place)
                events.append(number.setdefault(wider.event(photo), len(number)))
    found = Crowds(np.stack(rows), np.array(places, np.intp), np.array(events, np.intp))
    if stored:
        stored.parent.mkdir(parents=True, exist_ok=True)
        np.savez(stored, templates=found.templates, photos=found.photos, events=found.events)
    return found


def among_crowds(model: ScoreModel, people: People, rows: Rows, crowd: Crowds) -> Album:
    """Labelled photos among the faces of crowds: one event more, at which nobody else is."""
    photos = int(crowd.photos.max(initial=-1)) + 1
    events = int(crowd.events.max(initial=-1)) + 1
    return Album(
        model,
        np.concatenate([crowd.templates, people.templates[rows]]),
        np.concatenate([np.full(len(crowd.photos), -1), people.labels[rows]]),
        np.concatenate([crowd.photos, photos + np.arange(len(rows))]),
        np.concatenate([crowd.events, np.full(len(rows), events)]),
    )


def drawn(model: ScoreModel, people: int) -> Album:
    """An album of people who never were: each in 1 to 20 pictures, as the model has them."""
    random = np.random.default_rng(SEED)
    shares = model.shares / model.shares.sum()
    crowd = random.choice(len(shares), people, p=shares)
    axes = random.normal(model.centres[crowd], np.sqrt(model.spreads[crowd]))
    whose = np.repeat(np.arange(people), random.integers(1, MOST_PICTURES + 1, people))
    prepared = axes[whose] + random.normal(size=(len(whose), axes.shape[1]))
    # Back to templates: the shortest that are prepared to these rows.
    templates = model.mean + prepared @ np.linalg.pinv(model.transform)
    places = np.arange(len(whose))
    return Album(
        model,
        templates.astype(np.float32),
        whose,
        places,
        np.zeros_like(places),
    )


def table(rows: Iterable[tuple[str, str, Sequence[Judged]]]) -> str:
    """A Markdown table: album, way, and what became of the albums of one kind together."""
    lines = [
        (
            "| album | faces | grouped by | precision | recall | groups | mixed | across events | "
            "questions | people | processor s |"
        ),
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for album, way, judged in rows:

        def total(name: str, judged: Sequence[Judged] = judged) -> int:
            return sum(getattr(one, name) for one in judged)

        groups = max(1, total("groups"))
        lines.append(
            f"| {album} | {total('faces')} | {way} | {_share(total('right'), total('grouped'))} | "
            f"{_share(total('right'), total('same'))} | {total('groups')} | "
            f"{total('mixed') / groups:.1%} | {total('across') / groups:.1%} | "
            f"{total('questions')} | {total('people')} | {sum(one.seconds for one in judged):.1f} |"
        )
    return "\n".join(lines)


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.4f}" if whole else "–"


def everything(
    people: People,
    models: Sequence[tuple[ScoreModel, Rows]],
    crowd: Crowds,
    portraits: Sequence[Album],
    count: int,
) -> Iterator[tuple[str, Sequence[Album]]]:
    """Albums of real photos, those of one kind together, and what the kind is called."""
    kind = f"{PEOPLE} people, 1 to {MOST_PICTURES} pictures each"
    yield kind, list(albums(people, models, count))
    whole = [_of_one_event(model, people, rows) for model, rows in models]
    yield "all people, most of them seen once", whole
    yield (
        "the same among crowds",
        [among_crowds(model, people, rows, crowd) for model, rows in models],
    )
    yield "full-size photos of a few people", portraits


def main() -> None:
    """Measure, print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("media", type=Path)
    parser.add_argument("--albums", type=int, default=3, help="drawn for each model")
    parser.add_argument("--photos", type=int, default=300, help="of crowds")
    parser.add_argument("--large", action="store_true", help="also some 50,000 drawn faces")
    parser.add_argument("--cache", type=Path, help="folder that keeps templates between runs")
    options = parser.parse_args()
    detector = Detector.load()
    shipped = model_for(detector)
    if shipped is None:
        raise SystemExit(f"nobody measured what scores of {detector.recogniser_name} mean")
    people = measure(options.media, labels_in(options.media), detector, options.cache)
    said, models = judged_models(people, detector)
    print(f"{said}\n")
    crowd = crowds(options.media, detector, options.photos, options.cache)
    portraits = [
        _of_one_event(shipped, few, np.arange(len(few)))
        for few in (
            measure(options.media, labels_in(options.media, name), detector, options.cache)
            for name in ("face_recognition_people.csv", "deepface_people.csv")
        )
    ]
    ways: dict[str, Grouper] = {"ours": ours}
    ways |= {f"distance below {limit}": linked(limit) for limit in DISTANCES}
    rows = [
        (kind, way, [judge(album, group) for album in some])
        for kind, some in everything(people, models, crowd, portraits, options.albums)
        for way, group in ways.items()
    ]
    for size in (950, 4_800) if options.large else (950,):
        album = drawn(shipped, size)
        rows.append((f"drawn faces of {size} people", "ours", [judge(album, ours)]))
    print(table(rows))


if __name__ == "__main__":
    main()
