"""Which of many templates show the same person, where nobody knows who it is.

Two groups of pictures are compared by the model that the gallery uses (`detector.scoring`),
exactly: how much likelier is it that one person is in all of them than that two people are?
That is the same whichever of the two comes first, and says more the more pictures stand
behind it. Groups grow together pair by pair, each with the one that is likest it, as long
as that score is one that strangers hardly ever reach: so nothing depends on who came first.

Nothing is kept: what is answered are numbers of groups.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np

from detector.scoring import Comparison

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from detector.scoring import ScoreModel

    Floats = npt.NDArray[np.float64]
    Rows = npt.NDArray[np.intp]

MISTAKEN = 0.002
"""Strangers that each template is expected to be like by chance, at the limit, by the table.

The table was measured on photos of grown-ups, most of them well known, from the front. In crowds
strangers are ten times as often so alike: with 0.005 there were twice as many groups of strangers
among the larger faces of crowds (11 instead of 5). With 0.001 there were 3, and 87 % of the pairs
of one person were found instead of 90 %.
"""

RAREST = 2e-6
"""No rarer score is asked for, however large the album: what the table says of rarer ones rests on
a handful of pairs. Asking for a rate of 4e-7 takes its toll: of 50,000 drawn faces of 4,800 people
two of three pairs were found, without `RELIEF`, instead of 99 %.
"""

MOST_COUNTED = 2.0
"""Pictures of a group that count as evidence, at most.

The model takes each picture for drawn anew, but those of one occasion are more alike. With one,
groups grow together along chains of single likenesses. With three, five, or all, two large groups
of one person stay apart: without `RELIEF` 78 %, 74 % and 69 % of the pairs of 200 people were
found instead of 81 %, and as few were wrong.
"""

RELIEF = 3.0
"""By how much less is needed for each side that is a group already, and no single picture.

Two pictures are like a stranger by chance more seldom than one, as the table says of portraits:
88 % of the pairs were found instead of 81 %, and none was wrong. With 4 and 5 some were.
"""

_ODDEST = 3.5
"""Standard deviations by which a distance from the nearest crowd may exceed its mean.

It leaves out 3 % of the larger faces of crowds and halves the number of groups of strangers among
them. At 2 it left out 10 of 25 full-size portraits, and 1 % of LFW, which the model is of.
"""
_COMPANY = 30.0
"""Strangers that are expected among the candidates of each template: a group of several
pictures is surer than its pairs, and must find those whom single pictures miss."""
_COMMON = 0.05
"""Largest share of strangers among the candidates: of a small album not everybody."""
_MOST_CANDIDATES = 64
"""Candidates of one template among those that follow it: bounds the memory."""
_SETTLED = 8
"""Pictures from which one more hardly moves a group's mean."""
_BLOCK = 256
"""Templates compared with all others at once: at 50,000 some 300 MB."""
_PAIRS_AT_ONCE = 20_000


@dataclasses.dataclass(frozen=True, slots=True, eq=False, repr=False)
class Means:
    """Groups of pictures, each one person's; has no `repr` because it holds templates.

    Attributes:
        model: what is known of the templates.
        rows: float64 (g, k): mean of each group's prepared templates.
        pictures: float64 (g,): pictures in each.
        evidence: float64 (g,): logarithm of the density of each mean.
    """

    model: ScoreModel
    rows: Floats
    pictures: Floats
    evidence: Floats

    @classmethod
    def of(cls, model: ScoreModel, rows: Floats, pictures: Floats) -> Means:
        """Of groups with these means (g, k), prepared, of so many `pictures` (g,) each."""
        counted = np.minimum(pictures, MOST_COUNTED)
        return cls(model, rows, pictures, model.evidence(rows, counted))

    def scores(self, ones: Rows, others: Rows) -> Floats:
        """How much likelier two groups are one person than two: float64 (n,).

        The natural logarithm of a ratio of likelihoods. Pictures of one person lie around
        the person with variance 1, so that of two means of n and m pictures that person's
        is the weighted mean of both, and what parts them has the variance 1/n + 1/m.

        Args:
            ones: (n,), groups.
            others: (n,), the group that each is compared with.
        """
        scores = np.empty(len(ones))
        for start in range(0, len(ones), _PAIRS_AT_ONCE):
            part = slice(start, start + _PAIRS_AT_ONCE)
            scores[part] = self._scores(ones[part], others[part])
        return scores

    def leads(self, scores: Floats, ones: Rows, others: Rows, limit: float) -> Floats:
        """By how much each score is more than is needed to take two groups for one person: (n,).

        Args:
            scores: (n,), of these groups.
            ones: (n,), groups.
            others: (n,), the group that each is compared with.
            limit: the score that two single pictures need.
        """
        several = self.pictures > 1
        return scores - limit + RELIEF * (several[ones].astype(float) + several[others])

    def _scores(self, ones: Rows, others: Rows) -> Floats:
        n = np.minimum(self.pictures[ones], MOST_COUNTED)
        m = np.minimum(self.pictures[others], MOST_COUNTED)
        apart = self.rows[ones] - self.rows[others]
        together = self.rows[others] + (n / (n + m))[:, None] * apart
        variance = 1 / n + 1 / m
        parted = np.square(apart).sum(axis=1) / variance
        parted += self.rows.shape[1] * np.log(2 * np.pi * variance)
        joint = self.model.evidence(together, n + m) - 0.5 * parted
        scores: Floats = joint - self.evidence[ones] - self.evidence[others]
        return scores

    def join(self, into: Rows) -> None:
        """Each group becomes part of the one whose number stands in `into` (g,), or stays."""
        joined = np.flatnonzero(into != np.arange(len(into)))
        grown = np.unique(into[joined])
        self.rows[grown] *= self.pictures[grown, None]
        np.add.at(self.rows, into[joined], self.rows[joined] * self.pictures[joined, None])
        np.add.at(self.pictures, into[joined], self.pictures[joined])
        self.rows[grown] /= self.pictures[grown, None]
        counted = np.minimum(self.pictures[grown], MOST_COUNTED)
        self.evidence[grown] = self.model.evidence(self.rows[grown], counted)


def grouped(model: ScoreModel, rows: Floats, places: Rows, people: Rows, limit: float) -> Rows:
    """A number for each template, the same for those of one person: (n,), from 0 on.

    Templates of one place are never of one group, nor are two people. What is known of a
    person is one group from the start.

    Args:
        model: what is known of the templates.
        rows: float64 (n, k), prepared.
        places: (n,), a number for what can show nobody twice: a view of a picture.
        people: (n,), a number for whom a template is known to show; -1 for nobody.
        limit: the score that two single pictures need to be one person's.
    """
    growing = _Growing.begun(model, rows, places, people)
    while growing.grow(limit):
        pass
    return np.unique(growing.labels, return_inverse=True)[1].astype(np.intp)


def typical(model: ScoreModel, rows: Floats) -> npt.NDArray[np.bool_]:
    """Which templates (n, k), prepared, are such as the model knows of faces: (n,).

    Others are of faces in profile, covered, smeared, or of none: they are far from everybody, and
    so near to each other that strangers would be one.
    """
    squares = np.full(len(rows), np.inf)
    for centre, spread in zip(model.centres, model.spreads, strict=True):
        # A picture lies around its crowd by what parts people and by what parts pictures.
        squares = np.minimum(squares, (np.square(rows - centre) / (spread + 1)).sum(axis=1))
    axes = rows.shape[1]
    close: npt.NDArray[np.bool_] = squares <= axes + _ODDEST * math.sqrt(2 * axes)
    return close


def limit_for(model: ScoreModel, templates: int) -> float:
    """The score that two of so many templates need to be one person's; infinite if nobody knows.

    As in a gallery, what strangers reach grows with the number of those they are compared
    with; where the table does not reach so rare a score, there are no groups.
    """
    rate = min(_COMMON, max(RAREST, MISTAKEN / max(1, templates)))
    return float(model.score_at(rate, np.ones(1))[0])


@dataclasses.dataclass(slots=True, eq=False, repr=False)
class _Growing:
    """Groups on their way; a group that was joined to another one stays behind, empty.

    Attributes:
        means: of all groups.
        labels: (n,), the group of each template.
        places: where each group is seen.
        people: who each group is known to be; -1 for nobody.
        ones, others: (p,), pairs of groups that may be one, the lower number first.
        scores: (p,), of these pairs.
    """

    means: Means
    labels: Rows
    places: list[set[int]]
    people: Rows
    ones: Rows
    others: Rows
    scores: Floats

    @classmethod
    def begun(cls, model: ScoreModel, rows: Floats, places: Rows, people: Rows) -> _Growing:
        """Each template for itself, and one group for each person who is known."""
        known = people >= 0
        # Whoever is known comes first: their numbers are those of their groups.
        labels = np.where(known, people, people.max(initial=-1) + np.cumsum(~known)).astype(np.intp)
        pictures = np.bincount(labels).astype(np.float64)
        sums = np.zeros((len(pictures), rows.shape[1]))
        np.add.at(sums, labels, rows)
        seen: list[set[int]] = [set() for _ in pictures]
        for label, place in zip(labels.tolist(), places.tolist(), strict=True):
            seen[label].add(place)
        whose = np.full(len(pictures), -1, np.intp)
        whose[labels[known]] = people[known]
        means = Means.of(model, sums / np.maximum(pictures, 1)[:, None], np.maximum(pictures, 1))
        nothing = np.zeros(0, np.intp)
        growing = cls(means, labels, seen, whose, nothing, nothing, np.zeros(0))
        ones, others = candidates(model, rows, places)
        growing._compare(labels[ones], labels[others], np.full(len(ones), np.nan))
        return growing

    def grow(self, limit: float) -> bool:
        """Joins groups that are each other's likest; whether there were any to try."""
        leads = self.means.leads(self.scores, self.ones, self.others, limit)
        pairs = self._likest(leads)
        into, impossible = self._chosen(pairs)
        self.means.join(into)
        self.labels = into[self.labels]
        changed = into != np.arange(len(into))
        changed[into[changed]] = True
        scores = self.scores
        scores[changed[self.ones] | changed[self.others]] = np.nan
        kept = np.ones(len(scores), np.bool_)
        # Whoever stands beside each other in one picture does so whatever joins them later.
        kept[impossible] = False
        self._compare(into[self.ones[kept]], into[self.others[kept]], scores[kept])
        return len(pairs) > 0

    def _likest(self, leads: Floats) -> Rows:
        """Pairs to join, the likest first: of which neither group has one that is likelier.

        A settled group also takes in those for whom it is the likest: one by one, somebody
        in thousands of pictures would take as many turns.
        """
        near = np.flatnonzero(leads >= 0)
        groups = np.concatenate([self.ones[near], self.others[near]])
        partners = np.concatenate([self.others[near], self.ones[near]])
        pairs = np.tile(near, 2)
        order = np.lexsort((partners, -leads[pairs], groups))
        groups, pairs = groups[order], pairs[order]
        first = np.diff(groups, prepend=-1) > 0
        likest = np.full(len(self.places), -1, np.intp)
        likest[groups[first]] = pairs[first]
        one, other = self.ones[near], self.others[near]
        settled = self.means.pictures >= _SETTLED
        wanted = (likest[one] == near) & ((likest[other] == near) | settled[other])
        wanted |= (likest[other] == near) & settled[one]
        chosen: Rows = near[wanted]
        return chosen[np.lexsort((chosen, -leads[chosen]))]

    def _chosen(self, pairs: Rows) -> tuple[Rows, list[int]]:
        """Which group each one joins, itself if none; and the pairs that can never be one.

        The smaller joins the larger. Of two that join, neither does anything else in this turn,
        but that a settled group takes in up to a quarter of what it has.
        """
        pictures = self.means.pictures
        into = np.arange(len(self.places))
        room: dict[int, int] = {}
        impossible = []
        for pair in pairs.tolist():
            one, other = int(self.ones[pair]), int(self.others[pair])
            if pictures[one] < pictures[other]:
                one, other = other, one
            left = room.get(one, max(1, int(pictures[one] / 4)))
            if not left or into[one] != one or other in room or into[other] != other:
                continue
            if self._two_people(one, other):
                impossible.append(pair)
                continue
            into[other], room[one] = one, left - 1
            self.places[one] |= self.places[other]
            self.places[other] = set()
            self.people[one] = max(self.people[one], self.people[other])
        return into, impossible

    def _two_people(self, one: int, other: int) -> bool:
        """Whether two groups are known to be two, or are seen beside each other."""
        known = bool(self.people[one] >= 0 and self.people[other] >= 0)
        return known or not self.places[one].isdisjoint(self.places[other])

    def _compare(self, ones: Rows, others: Rows, scores: Floats) -> None:
        """These are the pairs from now on, each once; scores that are not known are reckoned."""
        low, high = np.minimum(ones, others), np.maximum(ones, others)
        kept = np.flatnonzero(low != high)
        _, first = np.unique(low[kept] * len(self.places) + high[kept], return_index=True)
        kept = kept[first]
        self.ones, self.others, self.scores = low[kept], high[kept], scores[kept]
        new = np.isnan(self.scores)
        self.scores[new] = self.means.scores(self.ones[new], self.others[new])


def candidates(model: ScoreModel, rows: Floats, places: Rows) -> tuple[Rows, Rows]:
    """Pairs of templates, the lower number first, that groups may grow along.

    Of all pairs, compared in blocks and never kept, those remain that few strangers are as
    alike as, and of each template a bounded number: the likest of those that follow it.
    """
    rate = min(_COMMON, _COMPANY / max(1, len(rows)))
    limit = model.score_at(max(rate, model.smallest_rate), np.ones(1))[0]
    found = list(_near(model, rows, places, limit))
    ones, others = (
        (np.concatenate(part) for part in zip(*found, strict=True))
        if found
        else (np.zeros(0, np.intp),) * 2
    )
    return ones, others


def _near(
    model: ScoreModel, rows: Floats, places: Rows, limit: float
) -> Iterator[tuple[Rows, Rows]]:
    everybody = Comparison.of(model, rows, np.ones(len(rows)))
    for start in range(0, len(rows), _BLOCK):
        scores = everybody.since(start).log_ratios(rows[start : start + _BLOCK])
        ones, others = np.nonzero(scores >= limit)
        apart = (others > ones) & (places[start + ones] != places[start + others])
        ones, others = ones[apart], others[apart]
        order = np.lexsort((-scores[ones, others], ones))
        ones, others = ones[order], others[order]
        rank = np.arange(len(ones)) - np.searchsorted(ones, ones)
        kept = rank < _MOST_CANDIDATES
        yield start + ones[kept], start + others[kept]
