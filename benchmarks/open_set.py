"""Open-set identification: are enrolled people found, and strangers left alone?

Galleries are drawn at random from labelled people. Pictures of the enrolled that
were not enrolled, and one picture of each other person, are compared with all of
them, as the product does it. FPIR is the share of strangers whose best score
reaches a limit; TPIR the share of enrolled whose best score does, and is of the
right person (ISO/IEC 19795-1).
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Rows = npt.NDArray[np.intp]

PROBES_EACH = 5
"""Pictures of one enrolled person that are tried at most: a few people have hundreds."""


class Scorer(Protocol):
    """Compares pictures with people; rows are rows of the templates."""

    def __call__(self, probes: Rows, portraits: Rows) -> Floats:
        """`probes` (n,), `portraits` (p, portraits each): scores (n, p), higher is better."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Trials:
    """What many random galleries gave, pooled.

    Attributes:
        enrolled: best score of each picture of somebody enrolled; minus infinity
            where it belongs to another person.
        leads: how far that score leads the second-best person's.
        strangers: best score of each picture of a stranger.
        stranger_leads: how far that leads the second-best person's.
    """

    enrolled: Floats
    leads: Floats
    strangers: Floats
    stranger_leads: Floats

    def tpir(self, fpir: float) -> float:
        """Share of the enrolled found at the limit that lets `fpir` of strangers through."""
        return float((self.enrolled > self.limit(fpir)).mean())

    def limit(self, fpir: float) -> float:
        """The score that this share of strangers exceeds."""
        return float(np.quantile(self.strangers, 1 - fpir))


def run(
    labels: Rows,
    rows: Rows,
    scorer: Scorer,
    *,
    people: int,
    portraits: int,
    galleries: int,
    seed: int,
) -> Trials:
    """Draws `galleries` galleries of `people` people with `portraits` portraits each.

    Only the `rows` of the templates are used. Nobody with too few pictures is enrolled.

    Raises:
        ValueError: too few people have enough pictures.
    """
    parts: tuple[list[Floats], ...] = ([], [], [], [])
    for enrolled, probes, owners, strangers in draws(
        labels, rows, people=people, portraits=portraits, galleries=galleries, seed=seed
    ):
        scores = scorer(np.concatenate([probes, strangers]), enrolled)
        best, lead, who = _best(scores)
        right = who[: len(probes)] == owners
        parts[0].append(np.where(right, best[: len(probes)], -np.inf))
        parts[1].append(lead[: len(probes)])
        parts[2].append(best[len(probes) :])
        parts[3].append(lead[len(probes) :])
    return Trials(*(np.concatenate(part) for part in parts))


def draws(
    labels: Rows, rows: Rows, *, people: int, portraits: int, galleries: int, seed: int
) -> Iterator[tuple[Rows, Rows, Rows, Rows]]:
    """Enrolled rows (people, portraits); probes and whose they are; one row per stranger."""
    random = np.random.default_rng(seed)
    pictures = {label: rows[labels[rows] == label] for label in np.unique(labels[rows])}
    enough = [label for label, own in pictures.items() if len(own) > portraits]
    if len(enough) < people:
        raise ValueError(
            f"{len(enough)} people have more than {portraits} pictures, and {people} are needed"
        )
    for _ in range(galleries):
        chosen = random.choice(enough, people, replace=False)
        enrolled, probes, owners = [], [], []
        for index, label in enumerate(chosen):
            own = random.permutation(pictures[label])
            enrolled.append(own[:portraits])
            tried = own[portraits : portraits + PROBES_EACH]
            probes.append(tried)
            owners.append(np.full(len(tried), index))
        others = set(pictures) - set(chosen.tolist())
        strangers = np.array([random.choice(pictures[label]) for label in sorted(others)])
        yield np.stack(enrolled), np.concatenate(probes), np.concatenate(owners), strangers


def halves(labels: Rows, seed: int) -> Iterator[tuple[Rows, Rows]]:
    """Rows to learn from and rows to test on: two halves of the people, both ways round."""
    people = np.unique(labels)
    second = np.random.default_rng(seed).permutation(len(people)) < len(people) // 2
    for half in (second, ~second):
        inside = half[np.searchsorted(people, labels)]
        yield np.flatnonzero(~inside), np.flatnonzero(inside)


def _best(scores: Floats) -> tuple[Floats, Floats, Rows]:
    """Best score, its lead over the second-best person's, and the best person, per row."""
    who = scores.argmax(axis=1)
    top = np.sort(np.partition(scores, -2, axis=1)[:, -2:], axis=1)
    return top[:, 1], top[:, 1] - top[:, 0], who
