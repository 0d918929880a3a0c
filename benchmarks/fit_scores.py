"""Learns the numbers by which two templates are compared, from labelled photos.

    python -m benchmarks.fit_scores MEDIA OUT.npz [--labels lfw_people.csv]
        [--registry DIR] [--leave-out FILE] [--cache DIR]

MEDIA holds the photos and a table with the columns `file` and `person`. What is
written are aggregates: a mean, a matrix, a variance per axis, and the table of
how often strangers reach a score. With `--registry` the networks that its
clearance.toml declares are measured instead of the built-in ones.

The table is measured on people the model was not learnt from: each half of the
people is scored by a model of the other half. The model that is written is then
learnt from everybody.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks import open_set
from benchmarks.people import labels_in, measure
from benchmarks.two_covariance import (
    CROWDS,
    crowds_of,
    fit,
    people_of,
    some_of_each,
    varying,
)
from clearance.settings import FILE_NAME, load_settings
from detector.calibration import fmr
from detector.detector import Detector
from detector.scoring import COUNTS, Comparison, ScoreModel, unit

if TYPE_CHECKING:
    import numpy.typing as npt

    from benchmarks.people import People

    Floats = npt.NDArray[np.float64]
    Rows = npt.NDArray[np.intp]

RATES = 10.0 ** -np.arange(0.25, 7.01, 0.25)
"""Rates of the table's columns; those that too few pairs support stay empty."""

RULE_OF_THREE = 3
"""Pairs without an error show, with 95 % confidence, a rate below three in that number."""

BIN = 0.02
BINS = np.arange(-400.0, 200.0, BIN)
"""Scores are counted in bins of this width, upwards."""

SPLITS = 3
"""Times that the people are halved anew: the average is steadier."""

SUBSETS = 2
"""Choices of portraits per person, for those who have enough pictures."""

SEED = 20


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Learnt:
    """A model, and the pairs of strangers behind each row of its table."""

    model: ScoreModel
    pairs: tuple[int, ...]


def learn(templates: Floats, labels: Rows, recogniser: str, provenance: str = "") -> Learnt:
    """Model and table from templates (n, d) and whose they are (n,).

    Raises:
        ValueError: too few people for a model of anything.
    """
    scores, pairs = _strangers_table(templates, labels, recogniser)
    supported = np.isfinite(scores[0])
    model = dataclasses.replace(
        _model(templates, labels, recogniser),
        rates=RATES[supported],
        scores=scores[:, supported],
        provenance=provenance,
    )
    clustering = _clustering(templates, labels, model)
    return Learnt(dataclasses.replace(model, clustering=clustering), pairs)


def cross_learnt(people: People, recogniser: str) -> Iterator[tuple[ScoreModel, Rows]]:
    """Models that have never seen the people they are judged with: a model, the rows to judge."""
    templates = people.templates.astype(np.float64)
    for learning, testing in open_set.halves(people.labels, SEED):
        yield learn(templates[learning], people.labels[learning], recogniser).model, testing


def _model(templates: Floats, labels: Rows, recogniser: str) -> ScoreModel:
    """The model, with a table that says nothing yet."""
    some = some_of_each(labels)
    rows, whose = unit(templates[some]), labels[some]
    middle, kept = rows.mean(axis=0), varying(rows)
    learnt = fit((rows - middle) @ kept, whose)
    axes, between = learnt.axes()
    mean, transform = middle + kept @ learnt.mean, kept @ axes
    means, counts, _ = people_of((rows - mean) @ transform, whose)
    # Crowds of fewer than about 25 people would say something about these people.
    crowds = crowds_of(means, counts, between, max(1, min(CROWDS, len(means) // 25)))
    return ScoreModel(
        recogniser=recogniser,
        mean=mean,
        transform=transform,
        shares=crowds.shares,
        centres=crowds.centres,
        spreads=crowds.spreads,
        rates=RATES[:1],
        scores=np.zeros((len(COUNTS), 1)),
        clustering=1.0,
        provenance="",
    )


def _strangers_table(
    templates: Floats, labels: Rows, recogniser: str
) -> tuple[Floats, tuple[int, ...]]:
    """The score that each share of strangers reaches, per number of portraits.

    Returns:
        float64 (len(COUNTS), len(RATES)), NaN where too few pairs support it, and
        the number of pairs per row.
    """
    counted = np.zeros((len(COUNTS), len(BINS) + 1), np.int64)
    for split in range(SPLITS):
        for learning, testing in open_set.halves(labels, SEED + split):
            model = _model(templates[learning], labels[learning], recogniser)
            prepared = model.prepared(templates[testing])
            for row, portraits in enumerate(COUNTS):
                counted[row] += _strangers(prepared, labels[testing], model, portraits)
    # A pair is in the same half in every second split; seen again it is no new evidence.
    pairs = counted.sum(axis=1) / SPLITS * 2 * (1 - 0.5**SPLITS)
    pairs[0] /= 2  # of single pictures each pair is counted both ways round
    table = np.full((len(COUNTS), len(RATES)), np.nan)
    for row, bins in enumerate(counted):
        above = bins[::-1].cumsum()[::-1][1:] / max(1, bins.sum())
        for column, rate in enumerate(RATES):
            if rate * pairs[row] >= RULE_OF_THREE:
                table[row, column] = BINS[int(np.argmax(above <= rate))]
    # Of people with several pictures there are fewer pairs. Where theirs do not reach,
    # the scores that a single portrait needs hold, if they are higher.
    for row in range(1, len(COUNTS)):
        last = np.nanmax(table[row]) if np.isfinite(table[row]).any() else -np.inf
        table[row] = np.where(np.isnan(table[row]), np.fmax(table[0], last), table[row])
    return np.maximum.accumulate(table, axis=1), tuple(int(count) for count in pairs)


def _strangers(
    prepared: Floats, labels: Rows, model: ScoreModel, portraits: int
) -> npt.NDArray[np.int64]:
    """How many pairs of strangers fall into each bin; the first is for all below."""
    random = np.random.default_rng(SEED)
    chosen: list[Rows] = []
    for label in np.unique(labels):
        own = np.flatnonzero(labels == label)
        if portraits == 1:
            chosen += list(own[:, None])
        elif len(own) >= portraits:
            chosen += [random.permutation(own)[:portraits] for _ in range(SUBSETS)]
    counted = np.zeros(len(BINS) + 1, np.int64)
    for start in range(0, len(chosen), 1000):
        part = np.stack(chosen[start : start + 1000])
        scores = compare(model, prepared, np.arange(len(prepared)), part)
        strangers = labels[:, None] != labels[part[:, 0]][None, :]
        places = np.clip((scores[strangers] - BINS[0]) / BIN + 1, 0, len(BINS)).astype(np.intp)
        counted += np.bincount(places, minlength=len(counted))
    return counted


def _clustering(templates: Floats, labels: Rows, model: ScoreModel) -> float:
    """By what factor strangers are mistaken more often than independent pairs would say.

    The largest over galleries of several sizes at 1 % and 0.3 %: rarer events
    cannot be counted in as few photos.
    """
    factors = [1.0]
    for learning, testing in open_set.halves(labels, SEED):
        halved = _model(templates[learning], labels[learning], model.recogniser)
        prepared = halved.prepared(templates)

        def scorer(
            probes: Rows, portraits: Rows, model: ScoreModel = halved, rows: Floats = prepared
        ) -> Floats:
            return compare(model, rows, probes, portraits)

        for size in (20, 50, 100):
            try:
                found = open_set.run(
                    labels, testing, scorer, people=size, portraits=1, galleries=60, seed=SEED
                )
            except ValueError:
                continue  # too few people for a gallery of this size
            for fpir in (0.01, 0.003):
                limit = model.score_at(fmr(fpir, size), np.ones(1))[0]
                factors.append(float((found.strangers > limit).mean()) / fpir)
    return max(factors)


def compare(model: ScoreModel, prepared: Floats, probes: Rows, portraits: Rows) -> Floats:
    """Scores of pictures (n,) against people of the portraits (p, k), all rows of `prepared`."""
    counts = np.full(len(portraits), float(portraits.shape[1]))
    means = prepared[portraits].mean(axis=1)
    return Comparison.of(model, means, counts).log_ratios(prepared[probes])


def main() -> None:
    """Learn, say what was learnt, write the file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("media", type=Path)
    parser.add_argument("out", type=Path, help="the file to write, ending in .npz")
    parser.add_argument("--labels", default="lfw_people.csv", help="the table in MEDIA")
    parser.add_argument("--registry", type=Path, help="folder whose clearance.toml names networks")
    parser.add_argument("--leave-out", type=Path, help="text with a photo per line that is wrong")
    parser.add_argument("--cache", type=Path, help="folder that keeps templates between runs")
    options = parser.parse_args()
    left_out = set()
    if options.leave_out:
        left_out = set(options.leave_out.read_text(encoding="utf-8").split())
    labels = labels_in(options.media, options.labels)
    labels = {file: person for file, person in labels.items() if file not in left_out}
    detector = _detector(options.registry)
    people = measure(options.media, labels, detector, options.cache)
    learnt = learn(
        people.templates.astype(np.float64),
        people.labels,
        detector.recogniser_name,
        f"{len(people)} photos of {len(set(people.names))} people of {options.labels} "
        f"(labels {people.fingerprint}), {dt.datetime.now(tz=dt.UTC).date()}",
    )
    learnt.model.save(options.out)
    model = ScoreModel.load(options.out)
    print(f"{model.recogniser}: {model.provenance}")
    print(f"{model.transform.shape[1]} axes, {len(model.shares)} crowds")
    print(f"Strangers cluster by a factor of {model.clustering:.2f}.")
    for count, row, pairs in zip(COUNTS, model.scores, learnt.pairs, strict=True):
        cells = "  ".join(
            f"{rate:.0e}: {score:.1f}"
            for rate, score in list(zip(model.rates, row, strict=True))[3::4]
        )
        print(f"{count} portraits ({pairs:,} pairs): {cells}")


def _detector(registry: Path | None) -> Detector:
    """The built-in networks, or those that a registry's settings name."""
    if registry is None:
        return Detector.load()
    settings = load_settings(registry / FILE_NAME)
    return Detector.load(
        settings.detection.finder, settings.detection.recogniser, models=settings.models
    )


if __name__ == "__main__":
    main()
