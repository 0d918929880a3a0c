"""What was seen of a video in an earlier run: to look at every frame takes longer than all else.

As with photos (`clearance.remembered`), it lies encrypted beside the registry: where faces are and
whom of those who agreed to be matched they are like; no picture and no template. It counts for the
same bytes only, seen with the same networks, settings and program, and compared with the very same
people: a look at a video cannot be compared anew without its pictures. A look that was interrupted
is another matter: `clearance.interrupted_looks`.
"""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import hashlib
import json
import zlib
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from clearance.commandline import today
from clearance.interrupted_looks import InterruptedLooks
from clearance.remembered import digests_of
from clearance.tool_versions import looking_version
from clearance.video_looking import Watched
from detector.faces import Box, Certainty, Face, Match
from detector.tracks import Ending, Followed, Moment, Track, TrackIdentity, Uncertain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

    import numpy.typing as npt

    from clearance.clear import House
    from clearance.interrupted_looks import Replay
    from clearance.run_options import Order
    from consent.journal import Journal
    from detector.matching import Gallery, Limits
    from detector.tracking import Looks
    from detector.video import VideoInfo

KEPT_DAYS = 60
"""How long a video that no run has met again is remembered, as a photo."""
_FORM = 1
_LONGEST = 15 * 2**20
"""Bytes of a record that a journal takes; a longer one is not kept."""


class VideoMemory:
    """What earlier runs saw of videos, and what this one sees; to be closed after the run."""

    def __init__(
        self,
        journal: Journal,
        setting: str,
        gallery: Gallery,
        limits: Limits,
        today: dt.date,
        looks: InterruptedLooks,
        *,
        again: bool = False,
    ) -> None:
        """Read the journal and throw away what does not count any more.

        Args:
            journal: where it is kept.
            setting: says with what was looked: program, networks, options.
            gallery: who is compared now.
            limits: what likenesses mean now.
            today: the day.
            looks: what was seen in looks that were interrupted.
            again: look at everything once more.

        Raises:
            RegistryUnwritableError: it cannot be read or written.
        """
        told = repr((_FORM, setting, sorted(digests_of(gallery).items()), limits))
        self._setting = hashlib.sha256(told.encode()).hexdigest()
        self._today = today
        self._journal = journal
        self._looks = looks
        self._seen: dict[str, dict[str, Any]] = {}
        oldest = (today - dt.timedelta(days=KEPT_DAYS)).isoformat()
        for record in () if again else map(_unpacked, journal.records()):
            if record["setting"] == self._setting and record["day"] >= oldest:
                self._seen[record["sha256"]] = record
        journal.begin(_packed(record) for record in self._seen.values())

    def close(self) -> None:
        """Keep no more."""
        self._journal.close()

    def known(self, info: VideoInfo) -> Watched | None:
        """What was seen of a video of these bytes; None if it must be looked at."""
        record = self._seen.get(info.sha256)
        return watched_from(info, record["seen"]) if record else None

    def looking(self, info: VideoInfo, finder: Looks) -> AbstractContextManager[Replay]:
        """What looks at the frames of a video while the block runs: see `InterruptedLooks`.

        Args:
            info: of the video.
            finder: a `Detector`.
        """
        return self._looks.looking(info, finder)

    def keep(self, watched: Watched) -> None:
        """Remember what was seen, unless it is too long, and no frame by itself any more.

        Where it is too long, what was seen of the frames stays: the next look need only follow.

        Raises:
            RegistryUnwritableError: full disk, no permission, read-only.
        """
        record = {
            "setting": self._setting,
            "day": self._today.isoformat(),
            "sha256": watched.info.sha256,
            "seen": told_of(watched),
        }
        packed = _packed(record)
        if len(packed) <= _LONGEST:
            self._seen[watched.info.sha256] = record
            self._journal.add(packed)
            self._looks.drop(watched.info.sha256)


@contextlib.contextmanager
def video_memory(
    order: Order, house: House, *, again: bool = False
) -> Iterator[VideoMemory | None]:
    """What earlier runs saw of videos, while the block runs; None where there is no registry.

    Args:
        order: what is asked about the files.
        house: what they are judged with.
        again: look at everything once more.

    Raises:
        ConsentError: it cannot be read or written.
    """
    if house.registry is None:
        yield None
        return
    setting = looking_version(house, thorough=order.thorough)
    journal, eyes = house.registry.journal("videos"), house.eyes
    day = today()
    looks = InterruptedLooks(house.registry.journal("video_looks"), setting, day, again=again)
    with contextlib.closing(looks):
        memory = VideoMemory(journal, setting, eyes.gallery, eyes.limits, day, looks, again=again)
        with contextlib.closing(memory):
            yield memory


def _packed(record: dict[str, Any]) -> bytes:
    return zlib.compress(json.dumps(record).encode())


def _unpacked(data: bytes) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(zlib.decompress(data))
    return record


def told_of(watched: Watched) -> dict[str, Any]:
    """What is kept of a look at a video, as JSON: no picture and no template."""
    followed = watched.followed
    return {
        "times": _text(watched.times),
        "frames": followed.frames,
        "cuts": followed.cuts,
        "tracks": [
            [
                *(track.number, track.start, _text(track.boxes), _text(track.how)),
                *(_text(track.scores), track.began.value, track.ended.value),
            ]
            for track in followed.tracks
        ],
        "uncertain": [
            [place.start, [_edges(box) for box in place.boxes], place.track]
            for place in followed.uncertain
        ],
        "identities": [
            [
                [
                    *(one.match.certainty.value, one.match.person, one.match.distance),
                    *(one.match.score, one.match.margin, one.match.rate, one.match.contested),
                ],
                *(one.agreed, one.measured, one.mixed, one.best and _moment(one.best)),
            ]
            for one in watched.identities
        ],
    }


def watched_from(info: VideoInfo, told: Mapping[str, Any]) -> Watched:
    """What was seen of a video, again, from what `told_of` kept of it."""
    tracks = [
        Track(
            number=number,
            start=start,
            boxes=_array(boxes, np.float32).reshape(-1, 4),
            how=_array(how, np.uint8),
            scores=_array(scores, np.float32),
            began=Ending(began),
            ended=Ending(ended),
        )
        for number, start, boxes, how, scores, began, ended in told["tracks"]
    ]
    uncertain = [
        Uncertain(start, tuple(Box(*edges) for edges in boxes), track)
        for start, boxes, track in told["uncertain"]
    ]
    identities = [
        TrackIdentity(
            Match(Certainty(match[0]), *match[1:]), agreed, measured, _known(best), mixed=mixed
        )
        for match, agreed, measured, mixed, best in told["identities"]
    ]
    followed = Followed(tuple(tracks), tuple(uncertain), tuple(told["cuts"]), told["frames"])
    return Watched(info, followed, tuple(identities), _array(told["times"], np.int64))


def _moment(moment: Moment) -> list[Any]:
    time = moment.time
    score = moment.face.score
    return [moment.frame, [time.numerator, time.denominator], _edges(moment.box), score]


def _known(told: list[Any] | None) -> Moment | None:
    """The moment without its picture, which was not kept."""
    if told is None:
        return None
    frame, time, edges, score = told
    box = Box(*edges)
    return Moment(frame, Fraction(*time), box, Face(box, score), np.zeros((0, 0, 3), np.uint8))


def _edges(box: Box) -> list[int]:
    return [box.left, box.top, box.right, box.bottom]


def _text(array: npt.NDArray[Any]) -> str:
    return base64.b64encode(array.astype(array.dtype.newbyteorder("<")).tobytes()).decode()


def _array(text: str, kind: type[np.generic]) -> npt.NDArray[Any]:
    return np.frombuffer(base64.b64decode(text), np.dtype(kind).newbyteorder("<")).astype(kind)
