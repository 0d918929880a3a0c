"""How good it is: faces found, people told apart, beside the peers.

    python -m benchmarks.accuracy MEDIA [--photos 300] [--slow-photos 10] [--turned 30]
        [--only faces|people] [--out docs/accuracy] [--cache DIR]

MEDIA holds `wider/` with `boxes.csv` and labelled photos with `lfw_people.csv`.
Prints Markdown, and writes it with its plots into the folder given by `--out`.
Photos that the shipped numbers were learnt from are never judged with them: each
half of the people is then judged with a model of the other half.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks import open_set, wider
from benchmarks.fit_scores import compare, cross_learnt
from benchmarks.people import labels_in, measure
from detector.calibration import limits_for, model_for
from detector.detector import Detector
from detector.faces import Box, Certainty, Face, Landmarks
from detector.matching import Gallery, match

if TYPE_CHECKING:
    import numpy.typing as npt

    from benchmarks.people import People
    from detector.scoring import ScoreModel

    Floats = npt.NDArray[np.float64]
    Rows = npt.NDArray[np.intp]

SETTINGS = ((50, 1), (50, 3), (50, 5), (200, 1))
"""People in the gallery, and portraits of each."""

GALLERIES = 200
SEED = 7
RATES = (1e-2, 1e-3, 1e-4, 1e-5)

_CLOSE_UP = Face(
    Box(0, 0, 200, 260), 0.99, Landmarks((60, 100), (140, 100), (100, 150), (70, 190), (130, 190))
)
"""A face as large as a match needs: here only templates are compared."""


@dataclasses.dataclass(frozen=True, slots=True)
class OpenSet:
    """One way of comparing in one kind of gallery; shares, 0 to 1."""

    people: int
    portraits: int
    name: str
    tpir: Mapping[float, float]
    """Enrolled found, by FPIR."""
    both_bands: float
    """Enrolled found at the limit that sends 8 % of strangers to a person."""


@dataclasses.dataclass(frozen=True, slots=True)
class Bands:
    """What the product itself says of enrolled people and strangers; counts of faces."""

    people: int
    portraits: int
    enrolled: int
    confident: int
    look: int
    wrong: int
    """Enrolled people taken confidently for somebody else."""
    strangers: int
    strangers_confident: int
    strangers_look: int


# --- people --------------------------------------------------------------------------------


def judged_models(people: People, detector: Detector) -> tuple[str, list[tuple[ScoreModel, Rows]]]:
    """Models and the rows each may judge, and a sentence that says which they are."""
    shipped = model_for(detector)
    if shipped and people.fingerprint not in shipped.provenance:
        return "The shipped numbers, on people they were not learnt from.", [
            (shipped, np.arange(len(people)))
        ]
    return (
        (
            "The shipped numbers were learnt from these photos: each half of the people is judged "
            "by a model learnt from the other half."
        ),
        list(cross_learnt(people, detector.recogniser_name)),
    )


def plain_distance(templates: Floats) -> open_set.Scorer:
    """Minus the Euclidean distance to the mean of the portraits."""

    def score(probes: Rows, portraits: Rows) -> Floats:
        means = templates[portraits].mean(axis=1)
        rows = templates[probes]
        squares = np.square(rows).sum(axis=1)[:, None] + np.square(means).sum(axis=1)
        distances: Floats = np.sqrt(np.maximum(squares - 2 * rows @ means.T, 0))
        return -distances

    return score


def ours(model: ScoreModel, templates: Floats) -> open_set.Scorer:
    """The score of the two-covariance model."""
    prepared = model.prepared(templates)

    def score(probes: Rows, portraits: Rows) -> Floats:
        return compare(model, prepared, probes, portraits)

    return score


def open_sets(people: People, models: Sequence[tuple[ScoreModel, Rows]]) -> list[OpenSet]:
    """Every setting with a plain distance and with our score."""
    templates = people.templates.astype(np.float64)
    rows = []
    for size, portraits in SETTINGS:
        for name in ("plain distance", "ours"):
            found = []
            for model, testing in models:
                scorer = plain_distance(templates) if name != "ours" else ours(model, templates)
                try:
                    found.append(
                        open_set.run(
                            people.labels,
                            testing,
                            scorer,
                            people=size,
                            portraits=portraits,
                            galleries=GALLERIES,
                            seed=SEED,
                        )
                    )
                except ValueError as error:
                    print(f"Not measured: {error}.")
            if found:
                rows.append(_open_set_row(size, portraits, name, found))
    return rows


def _open_set_row(
    people: int, portraits: int, name: str, found: Sequence[open_set.Trials]
) -> OpenSet:
    def tpir(fpir: float) -> float:
        return float(np.mean([one.tpir(fpir) for one in found]))

    return OpenSet(
        people,
        portraits,
        name,
        {fpir: tpir(fpir) for fpir in (1e-3, 1e-2)},
        tpir(0.08),
    )


def roc(
    people: People, models: Sequence[tuple[ScoreModel, Rows]]
) -> Mapping[str, tuple[Floats, Floats]]:
    """Picture against picture: false match rates, and the true match rates at them."""
    templates = people.templates.astype(np.float64)
    rates = np.logspace(-6, -1, 51)
    curves: dict[str, list[Floats]] = {"plain distance": [], "ours": []}
    for model, testing in models:
        same = people.labels[testing][:, None] == people.labels[testing][None, :]
        upper = np.triu(np.ones_like(same), 1)
        for name, scorer in (
            ("plain distance", plain_distance(templates)),
            ("ours", ours(model, templates)),
        ):
            scores = scorer(testing, testing[:, None])
            strangers = np.sort(scores[upper & ~same])[::-1]
            limits = strangers[np.minimum((rates * len(strangers)).astype(int), len(strangers) - 1)]
            genuine = np.sort(scores[upper & same])
            curves[name].append(1 - np.searchsorted(genuine, limits, "right") / len(genuine))
    return {name: (rates, np.mean(parts, axis=0)) for name, parts in curves.items()}


def bands(people: People, models: Sequence[tuple[ScoreModel, Rows]]) -> list[Bands]:
    """What `match` answers with the product's own limits: who is named, who is looked at."""
    return [
        Bands(
            size,
            portraits,
            *sum(
                (_bands(people, model, testing, size, portraits) for model, testing in models),
                np.zeros(7, int),
            ).tolist(),
        )
        for size, portraits in SETTINGS[:2]
    ]


def _bands(
    people: People, model: ScoreModel, testing: Rows, size: int, portraits: int
) -> npt.NDArray[np.int64]:
    counts = np.zeros(7, int)
    for enrolled, probes, owners, strangers in open_set.draws(
        people.labels,
        testing,
        people=size,
        portraits=portraits,
        galleries=GALLERIES // 10,
        seed=SEED,
    ):
        gallery = Gallery.of(
            {f"{index}": list(people.templates[rows]) for index, rows in enumerate(enrolled)},
            model.recogniser,
            model,
        )
        limits = limits_for(model, len(gallery))
        for row, owner in [*zip(probes, owners, strict=True), *((row, None) for row in strangers)]:
            # Each face by itself: in one picture they would compete for the same people.
            (one,) = match(people.templates[[row]], [_CLOSE_UP], gallery, limits)
            sure, looked = one.certainty is Certainty.CONFIDENT, one.certainty is Certainty.LOOK
            if owner is None:
                counts[4:] += (1, sure, looked)
            else:
                right = one.person == f"{owner}"
                counts[:4] += (1, sure and right, looked and right, sure and not right)
    return counts


# --- tables and plots ----------------------------------------------------------------------


def open_set_table(rows: Iterable[OpenSet]) -> str:
    """A Markdown table of the open-set figures."""
    lines = [
        (
            "| people | portraits | compared by | found, 0.1 % of strangers named | found, 1 % | "
            "found by a look at 8 % of strangers |"
        ),
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {one.people} | {one.portraits} | {one.name} | {one.tpir[1e-3]:.3f} | "
        f"{one.tpir[1e-2]:.3f} | {one.both_bands:.3f} |"
        for one in rows
    ]
    return "\n".join(lines)


def bands_table(rows: Iterable[Bands]) -> str:
    """A Markdown table of what the product answers."""
    lines = [
        (
            "| people | portraits | enrolled | named | both bands | wrong names | strangers | "
            "named | to look at |"
        ),
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for one in rows:
        both = (one.confident + one.look) / one.enrolled
        lines.append(
            f"| {one.people} | {one.portraits} | {one.enrolled} | "
            f"{one.confident / one.enrolled:.3f} | {both:.3f} | {one.wrong} | {one.strangers} | "
            f"{one.strangers_confident} | {one.strangers_look / one.strangers:.3f} |"
        )
    return "\n".join(lines)


def roc_table(curves: Mapping[str, tuple[Floats, Floats]]) -> str:
    """A Markdown table: true matches at some false match rates."""
    heads = " | ".join(f"FMR {rate:g}" for rate in RATES)
    lines = [f"| compared by | {heads} |", "|---|" + "---|" * len(RATES)]
    for name, (rates, found) in curves.items():
        cells = " | ".join(f"{np.interp(rate, rates, found):.3f}" for rate in RATES)
        lines.append(f"| {name} | {cells} |")
    return "\n".join(lines)


def plot_roc(curves: Mapping[str, tuple[Floats, Floats]], path: Path) -> None:
    """Draw the curves of `roc` into a PNG file."""
    figure, axes = _figure()
    for name, (rates, found) in curves.items():
        axes.plot(rates, found, label=name)
    axes.set(
        xscale="log",
        xlabel="strangers taken for the person (false match rate)",
        ylabel="pictures of the person accepted",
        ylim=(0, 1),
    )
    _finish(figure, axes, path)


def plot_faces(evaluations: Sequence[wider.Evaluation], path: Path) -> None:
    """Draw recall over false boxes, one point per finder and band, into a PNG file."""
    figure, axes = _figure()
    for band, marker in zip(wider.Band, "os^", strict=True):
        axes.scatter(
            [one.false_per_photo for one in evaluations],
            [one.recall(band) for one in evaluations],
            marker=marker,
            label=str(band),
        )
    for one in evaluations:
        axes.annotate(one.name, (one.false_per_photo, one.recall(wider.Band.RECOGNISABLE)))
    axes.set(xlabel="false boxes a photo", ylabel="faces found", ylim=(0, 1.02))
    _finish(figure, axes, path)


def _figure() -> tuple[Any, Any]:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    made: tuple[Any, Any] = pyplot.subplots(figsize=(7, 4.5), dpi=110, layout="constrained")
    return made


def _finish(figure: Any, axes: Any, path: Path) -> None:
    axes.grid(visible=True, alpha=0.3)
    axes.legend(loc="lower right")
    # Without the date and the library's version: the same figures give the same file.
    figure.savefig(path, metadata={"Software": None})


def people_part(media: Path, out: Path | None, cache: Path | None) -> str:
    """Everything about telling people apart, as Markdown; the plot goes to `out`."""
    detector = Detector.load()
    people = measure(media, labels_in(media), detector, cache)
    said, models = judged_models(people, detector)
    curves = roc(people, models)
    if out:
        plot_roc(curves, out / "roc.png")
    return "\n\n".join(
        [
            (
                f"{len(people)} photos of {len(set(people.names))} people; in "
                f"{people.photos - len(people)} more no face could be measured. {said}"
            ),
            "Picture against picture, share of true matches:",
            roc_table(curves),
            (
                "Open set: enrolled people found, and given the right name, at limits that let a "
                "share of strangers through:"
            ),
            open_set_table(open_sets(people, models)),
            "What the product answers with its own limits (rate 0.1 %), each picture by itself:",
            bands_table(bands(people, models)),
            "By sex and skin tone: not measured, the photos carry no such labels.",
        ]
    )


def faces_part(media: Path, options: argparse.Namespace) -> str:
    """Everything about finding faces, as Markdown; the plot goes to the folder `--out`."""
    photos = wider.read_photos(media)
    evaluations = []
    for name, load in wider.FINDERS.items():
        count = options.slow_photos if name in wider.SLOW else options.photos
        print(f"{name}: {count} photos", flush=True)
        evaluations.append(wider.evaluate(name, load(), wider.spread(photos, count)))
    if options.out:
        plot_faces(evaluations, options.out / "crowds.png")
    parts = ["Faces of crowds (WIDER FACE):", wider.table(evaluations)]
    if options.turned:
        some = wider.spread(photos, options.turned)
        ours_turned = [
            wider.evaluate_turned(f"clearance, {how}", wider.FINDERS["clearance"](), some, turns)
            for how, turns in wider.HOLDS.items()
        ]
        parts += ["The same photos, held in other ways:", wider.table(ours_turned)]
    return "\n\n".join(parts)


def main() -> None:
    """Measure, print, and write the page with its plots."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("media", type=Path)
    parser.add_argument("--photos", type=int, default=300, help="crowds, spread evenly")
    parser.add_argument("--slow-photos", type=int, default=10, help="crowds for slow finders")
    parser.add_argument("--turned", type=int, default=0, help="crowds that are also turned")
    parser.add_argument("--only", choices=("faces", "people"))
    parser.add_argument("--out", type=Path, help="folder for the page and its plots")
    parser.add_argument("--cache", type=Path, help="folder that keeps templates between runs")
    options = parser.parse_args()
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
    parts = {}
    if options.only != "people":
        parts["crowds"] = faces_part(options.media, options)
    if options.only != "faces":
        parts["people"] = people_part(options.media, options.out, options.cache)
    for name, text in parts.items():
        print(f"\n{text}")
        if options.out:
            (options.out / f"{name}.md").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
