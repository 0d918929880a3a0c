"""From "how often may a stranger be mistaken" to limits on distances.

FMR is the share of pairs of different people that a limit accepts. A stranger
is compared with everybody in the gallery, so the share of strangers that are
mistaken for somebody (FPIR) grows with it: FPIR = 1 - (1 - FMR)^N.

The table was measured on half of Labeled Faces in the Wild (6,598 pictures of
2,800 people; 22 million pairs of different people, one picture against one)
with CenterFace's landmarks and dlib's recogniser; two measurements differ by at
most 0.005, the smaller is given. 22 million pairs support an FMR down to about
10⁻⁶; smaller rates are not answered. These are press photos of adults, most of
them men: how children fare was not measured.

Pictures of one person are accepted by these limits in 19, 43, 76, 96 and 99 %
of the pairs.
"""

from __future__ import annotations

import itertools
import math
import sys

from detector.matching import Limits

FMR_TO_DISTANCE = (
    (1e-6, 0.376),
    (1e-5, 0.421),
    (1e-4, 0.475),
    (1e-3, 0.542),
    (6.4e-3, 0.599),
)
"""Share of strangers accepted, and the distance that accepts it."""

STRICTEST_CAP = 0.52
"""No gallery is so small that a larger distance is a confident match."""

STRANGERS_CLUSTER = 2.0
"""Factor by which the rate asked for is missed at most.

The formula takes pairs as independent, but some faces are near to many: with
its limits and no margin, 0.13 to 0.18 % of strangers were let through in
galleries of 20 to 800 people where 0.1 % was asked for.
"""

MEASURED = frozenset({"dlib_resnet_v1/centerface-5", "dlib_resnet_v1/dlib-5"})
"""Names of the templates whose distances the table speaks of."""

UNMEASURED = Limits(confident=0.0, look=sys.float_info.max)
"""For templates of a network that nobody has measured: whoever is nearest, a person looks."""

LOOK_FPIR = 0.05
"""Share of strangers that a person is asked to look at."""

LOOK_CAP = 0.58
"""Beyond this distance the best candidate is nobody in particular."""


def limits_for(gallery_size: int, fpir: float = 0.001) -> Limits:
    """Limits for a gallery of `gallery_size` people.

    A larger gallery never loosens a limit. One too large for the table has no
    confident matches (a limit of 0) rather than a guessed limit: a person looks.
    At a rate of 0.1 % that is above 500 people.

    Args:
        gallery_size: people in the gallery.
        fpir: share of strangers who may be taken for somebody, 0 < fpir < 1.
    """
    if gallery_size < 0 or not 0 < fpir < 1:
        raise ValueError(f"no limits for {gallery_size} people at a rate of {fpir}")
    people = max(gallery_size, 1)
    confident = distance_at(_fmr(fpir, people) / STRANGERS_CLUSTER)
    look = distance_at(_fmr(max(LOOK_FPIR, fpir), people))
    lowest = FMR_TO_DISTANCE[0][1]
    confident = min(confident or 0.0, STRICTEST_CAP)
    return Limits(confident=confident, look=max(confident, min(look or lowest, LOOK_CAP)))


def distance_at(fmr: float) -> float | None:
    """The distance that accepts the share `fmr` of strangers; None below the table.

    Between measurements the logarithm of the share is interpolated; above the
    table its last distance is the answer.
    """
    for (low, near), (high, far) in itertools.pairwise(FMR_TO_DISTANCE):
        if low <= fmr <= high:
            share = math.log(fmr / low) / math.log(high / low)
            return near + share * (far - near)
    return FMR_TO_DISTANCE[-1][1] if fmr > FMR_TO_DISTANCE[-1][0] else None


def _fmr(fpir: float, people: int) -> float:
    """1 - (1 - FPIR)^(1/N), without losing digits for large N."""
    return -math.expm1(math.log1p(-fpir) / people)
