"""How a picture was held, as far as the faces in it tell."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from detector.voting import Candidates

_TURNS = (1, 3, 2)
"""Quarter turns, the likelier first."""

_FAR_MORE = 1.5
"""In 257 of 300 upright crowd photos, with 828 of their 869 recognisable faces, the
reduced copy showed that much more than any turned one; in 5 (4 faces) a turned one did."""

_MORE = 1.05
"""By how much a turned copy must show more than the upright one to be searched as well:
a face that is seen alike at every turn shows a trifle more at one of them."""


@dataclasses.dataclass(frozen=True, slots=True)
class Held:
    """How a picture was held, as its faces tell: the wrong way up few of them are seen.

    A copy in which people are hidden does not tell it any more; the photo did. Left to
    itself such a copy is taken for one that lies on its side because of a sleeve, and
    searched on its side at every size (in 120 crowd photos with everybody hidden: twice
    as many places that were no face).
    """

    shown: tuple[float, float, float, float]
    """How many faces a reduced copy shows upright and turned by one, two and three quarters."""

    @property
    def mirrored(self) -> Held:
        """The same of its mirror image, in which turns go the other way round."""
        upright, one, two, three = self.shown
        return Held((upright, three, two, one))

    def shows_more(self, turns: int) -> bool:
        """Whether the picture shows more when it is turned so than otherwise."""
        return self._most == turns and self.shown[turns] > _MORE * self.shown[0]

    def believed(self, passes: Sequence[Candidates], least: float) -> list[Candidates]:
        """The passes over the picture as it came, without what is too weak for how it was held.

        A picture that shows far more when it is turned came the wrong way up: then a
        sighting in it counts as one in a turned picture does.
        """
        if self.shown[self._most] <= _FAR_MORE * self.shown[0]:
            return list(passes)
        return [one.take(one.scores >= least) for one in passes]

    @property
    def _most(self) -> int:
        """The turn at which most is shown: none, in doubt."""
        return max((0, *_TURNS), key=lambda turns: self.shown[turns])
