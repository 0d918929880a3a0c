"""The copies of earlier runs: what was made and checked once is not made again.

An export that was interrupted goes on where it stood, and one of an album of which every copy is
there takes little more than reading the files. A copy is believed to be the one that would be made
now if it rests on the same bytes of the photo and the same plan (who is hidden and how, what it
says, how it is encoded), was made and checked with the same program and networks, and its file
holds the very bytes that were checked.

What is kept lies encrypted beside the registry: digests, sizes, what was proved of the copy, and
where faces were seen in it only. No landmark, no template, no name and no path.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from typing import TYPE_CHECKING, Any

from clearance.making import Made, Raster
from clearance.remembered import KEPT_DAYS
from clearance.results import Checks
from detector.faces import Box, Face

if TYPE_CHECKING:
    from consent.journal import Journal


@dataclasses.dataclass(frozen=True, slots=True)
class Kept:
    """A copy that was made; faces in it have no landmarks.

    Attributes:
        made: what came of it.
        crop: the part that it shows, in pixels of the photo; None for all of it.
        crop_offered: the part without uncleared people, where it is not what is shown.
    """

    made: Made
    crop: Box | None = None
    crop_offered: Box | None = None


class KeptCopies:
    """Which copies were made, by what they rest on; to be closed after the run."""

    def __init__(
        self, journal: Journal, setting: str, today: dt.date, *, again: bool = False
    ) -> None:
        """Read the journal and throw away what does not count any more.

        Args:
            journal: where it is kept.
            setting: says with what was looked and checked: program, networks, options.
            today: the day.
            again: make every copy once more.

        Raises:
            RegistryUnwritableError: it cannot be read or written.
        """
        self._journal = journal
        self._today = today.isoformat()
        self._told: dict[str, dict[str, Any]] = {}
        records = map(json.loads, journal.records())
        head: list[Any] = ["head", setting]
        if next(records, None) == head and not again:
            oldest = (today - dt.timedelta(days=KEPT_DAYS)).isoformat()
            for _, digest, told in records:
                self._told[digest] = told
            self._told = {key: told for key, told in self._told.items() if told["on"] >= oldest}
        kept = [["copy", digest, told] for digest, told in self._told.items()]
        journal.begin(_packed(record) for record in [head, *kept])

    def close(self) -> None:
        """Keep no more."""
        self._journal.close()

    def made(self, digest: str) -> Kept | None:
        """The copy that rests on what has this digest; None if none was made.

        Raises:
            RegistryUnwritableError: that somebody asked for it cannot be noted.
        """
        told = self._told.get(digest)
        if told is None:
            return None
        if told["on"] != self._today:
            self._keep(digest, {**told, "on": self._today})
        return _kept(told)

    def keep(self, digest: str, kept: Kept) -> None:
        """Remember a copy that has its name.

        Raises:
            RegistryUnwritableError: it cannot be written.
        """
        self._keep(digest, {"on": self._today, **_as_told(kept)})

    def _keep(self, digest: str, told: dict[str, Any]) -> None:
        self._told[digest] = told
        self._journal.add(_packed(["copy", digest, told]))


def _packed(record: list[Any]) -> bytes:
    # Figures of numpy are written like all others.
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"), default=float).encode()


def _as_told(kept: Kept) -> dict[str, Any]:
    made = kept.made
    return {
        "sha256": made.sha256,
        "size": [made.width, made.height],
        "appeared": [[_numbers(one.box), one.score, one.passes, one.view] for one in made.appeared],
        "checks": dataclasses.asdict(made.checks),
        "removed": list(made.removed),
        "raster": [list(made.raster.size), made.raster.orientation],
        "crop": _numbers(kept.crop),
        "crop_offered": _numbers(kept.crop_offered),
    }


def _kept(told: dict[str, Any]) -> Kept:
    width, height = told["size"]
    size, orientation = told["raster"]
    made = Made(
        sha256=told["sha256"],
        width=width,
        height=height,
        appeared=tuple(
            Face(Box(*box), score, passes=passes, view=view)
            for box, score, passes, view in told["appeared"]
        ),
        checks=Checks(**told["checks"]),
        removed=tuple(told["removed"]),
        raster=Raster((size[0], size[1]), orientation),
    )
    return Kept(made, _box(told["crop"]), _box(told["crop_offered"]))


def _numbers(box: Box | None) -> list[int] | None:
    return list(dataclasses.astuple(box)) if box else None


def _box(numbers: list[int] | None) -> Box | None:
    return Box(*numbers) if numbers else None
