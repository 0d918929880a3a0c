"""A look at a video that was interrupted goes on where it was, as if nothing had happened.

To look at every frame takes longer than all else, and nearly all of that is the finder. So what it
answered is kept while the look goes on: asked the same of the same bytes, by the same program, it
would answer the same. In the next run the frames are decoded again, and who follows the faces
gets the answers of before as far as they reach; then the finder goes on. What comes of it is what
would have come of a look without an interruption, to the bit.

The answers are boxes, scores and landmarks, encrypted beside the registry; no picture, no
template, and nothing of who anybody is, so that another gallery changes nothing about them. They
are thrown away when the look is over.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import hashlib
import json
import zlib
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from clearance.remembered import KEPT_DAYS
from consent.errors import RegistryUnwritableError
from detector.errors import VideoUnreadableError
from detector.faces import Box, Face, Landmarks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from consent.journal import Journal
    from detector.tracking import Looks
    from detector.video import VideoInfo
    from detector.video_frames import VideoFrame

_FORM = 1
_PORTION = 25
"""Frames that are written together: a second of most videos. So much must be looked at twice where
somebody pulled the plug; after Ctrl-C nothing must."""

_MOST = 256 * 2**20
"""Bytes about one video. All portions of it are in memory while they are replayed."""

_LONGEST = 15 * 2**20
"""Bytes of a record that a journal takes."""


@dataclasses.dataclass(frozen=True, slots=True)
class Question:
    """What the finder was asked: about which frame, how, and where faces were expected."""

    frame: int
    time: Fraction
    careful: bool
    expected: tuple[Box, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """What the finder saw when it was asked."""

    question: Question
    faces: tuple[Face, ...]


class Replay:
    """Looks at the frames of one video: from earlier answers as far as they fit, then itself."""

    def __init__(
        self,
        finder: Looks,
        known: Iterable[Answer] = (),
        keep: Callable[[Sequence[Answer]], None] | None = None,
    ) -> None:
        """Takes what looks, and what is known.

        Args:
            finder: a `Detector`.
            known: earlier answers, from the first frame on.
            keep: is given new answers, some at a time; None where nothing is kept.
        """
        self._finder = finder
        self._known = iter(known)
        self._next = next(self._known, None)
        self._keep = keep
        self._fresh: list[Answer] = []

    @property
    def replaying(self) -> bool:
        """Whether the next frame is known, as far as can be said."""
        return self._next is not None

    def look_at_frame(
        self, frame: VideoFrame, *, careful: bool = False, expected: Sequence[Box] = ()
    ) -> tuple[Face, ...]:
        """As `Detector.look_at_frame`.

        Raises:
            RegistryUnwritableError: what was seen cannot be written.
            ModelMissingError: a network's weights are absent or damaged.
        """
        question = Question(frame.index, frame.time, careful, tuple(expected))
        if self._next is not None and self._next.question == question:
            faces = self._next.faces
            self._next = next(self._known, None)
            return faces
        # Whatever comes behind an answer that does not fit rests on it: nothing of it counts.
        self._next = None
        faces = self._finder.look_at_frame(frame, careful=careful, expected=expected)
        if self._keep:
            self._fresh.append(Answer(question, faces))
            if len(self._fresh) >= _PORTION:
                self.flush()
        return faces

    def flush(self) -> None:
        """Keep what is not kept yet.

        Raises:
            RegistryUnwritableError: it cannot be written.
        """
        fresh, self._fresh = self._fresh, []
        if self._keep and fresh:
            self._keep(fresh)


class InterruptedLooks:
    """What the finder answered in looks that did not come to their end; to be closed."""

    def __init__(
        self, journal: Journal, setting: str, today: dt.date, *, again: bool = False
    ) -> None:
        """Read the journal and throw away what does not count any more.

        Args:
            journal: where it is kept; one of its own.
            setting: says with what is looked: program, networks, options.
            today: the day.
            again: look at everything once more.

        Raises:
            RegistryUnwritableError: it cannot be read or written.
        """
        self._journal = journal
        self._setting = hashlib.sha256(repr((_FORM, setting)).encode()).hexdigest()
        self._today = today.isoformat()
        self._bytes: dict[str, int] = {}
        """How much there is about each video, by the SHA-256 of its file."""
        oldest = (today - dt.timedelta(days=KEPT_DAYS)).isoformat()
        # A look that goes on writes further portions: it is as old as the last of them.
        met = {} if again else {one.sha256: one.day for one in self._portions()}
        count = {sha256 for sha256, day in met.items() if day >= oldest}
        self._write(one for one in self._portions() if one.sha256 in count)

    def close(self) -> None:
        """Keep no more."""
        self._journal.close()

    @contextlib.contextmanager
    def looking(self, info: VideoInfo, finder: Looks) -> Iterator[Replay]:
        """What looks at the frames of a video while the block runs.

        However the block ends, what was seen is kept for the next run, unless the video turned out
        to be one that cannot be judged. Whoever has come to an end with it calls `drop`.

        Args:
            info: of the video.
            finder: a `Detector`.

        Raises:
            RegistryUnwritableError: what is kept cannot be read or written.
        """
        sha256 = info.sha256

        def keep(fresh: Sequence[Answer]) -> None:
            self._add(sha256, fresh)

        replay = Replay(finder, self._answers(sha256), keep)
        try:
            yield replay
            replay.flush()
        except VideoUnreadableError:
            self.drop(sha256)
            raise
        except BaseException:
            # What ended the look is what must be told.
            with contextlib.suppress(RegistryUnwritableError):
                replay.flush()
            raise

    def drop(self, sha256: str) -> None:
        """Throw away what is kept about a video.

        Args:
            sha256: of its file.

        Raises:
            RegistryUnwritableError: it cannot be read or written.
        """
        if sha256 not in self._bytes:
            return
        # As the file is now, not as it was: an erasure may have deleted it meanwhile.
        self._write(one for one in self._portions() if one.sha256 != sha256)

    def _answers(self, sha256: str) -> Iterator[Answer]:
        if sha256 not in self._bytes:
            return iter(())
        return _in_turn([one for one in self._portions() if one.sha256 == sha256])

    def _portions(self) -> Iterator[_Portion]:
        """All that were made with this setting, in the order in which they were written."""
        portions = map(_Portion.unpacked, self._journal.records())
        return (one for one in portions if one.setting == self._setting)

    def _write(self, portions: Iterable[_Portion]) -> None:
        """Begin the journal anew with these."""
        self._bytes = {}
        self._journal.begin(self._counted(one) for one in portions)

    def _counted(self, portion: _Portion) -> bytes:
        packed = portion.packed()
        self._bytes[portion.sha256] = self._bytes.get(portion.sha256, 0) + len(packed)
        return packed

    def _add(self, sha256: str, answers: Sequence[Answer]) -> None:
        first = answers[0].question.frame
        content = zlib.compress(json.dumps([_told(one) for one in answers]).encode())
        portion = _Portion(self._setting, self._today, sha256, first, len(answers), content)
        # What is left out leaves a gap, and behind a gap nothing is read.
        if len(content) <= _LONGEST and self._bytes.get(sha256, 0) + len(content) <= _MOST:
            self._journal.add(self._counted(portion))


@dataclasses.dataclass(frozen=True, slots=True)
class _Portion:
    """Answers about some frames in a row.

    Attributes:
        setting: with what was looked.
        day: on which.
        sha256: of the video.
        first: the first frame.
        frames: how many.
        content: the answers, packed: unpacked all at once, an hour would take gigabytes.
    """

    setting: str
    day: str
    sha256: str
    first: int
    frames: int
    content: bytes = dataclasses.field(repr=False)

    @property
    def stop(self) -> int:
        """The frame after the last one."""
        return self.first + self.frames

    @classmethod
    def unpacked(cls, record: bytes) -> _Portion:
        """From a record of the journal."""
        head, _, content = record.partition(b"\n")
        setting, day, sha256, first, frames = json.loads(head)
        return cls(setting, day, sha256, first, frames, content)

    def packed(self) -> bytes:
        """As a record of the journal."""
        head = [self.setting, self.day, self.sha256, self.first, self.frames]
        return json.dumps(head).encode() + b"\n" + self.content

    def answers(self) -> list[Answer]:
        """In the order of the frames."""
        told = json.loads(zlib.decompress(self.content))
        return [_answer(self.first + row, one) for row, one in enumerate(told)]


def _in_turn(portions: Sequence[_Portion]) -> Iterator[Answer]:
    """Answers from frame 0 on, without a gap.

    Where an answer did not fit, the frame was looked at once more, and all behind it: what was
    written later counts.
    """
    ends: list[tuple[_Portion, int]] = []
    for one in portions:
        while ends and ends[-1][0].first >= one.first:
            ends.pop()
        stop = min(ends[-1][1], one.first) if ends else 0
        if stop < one.first:
            continue
        if ends:
            ends[-1] = (ends[-1][0], stop)
        ends.append((one, one.stop))
    for one, stop in ends:
        yield from one.answers()[: stop - one.first]


def _told(answer: Answer) -> list[Any]:
    asked = answer.question
    return [
        [asked.time.numerator, asked.time.denominator],
        int(asked.careful),
        [_edges(box) for box in asked.expected],
        [
            [
                *(_edges(face.box), face.score, face.landmarks and face.landmarks.points),
                *(face.passes, face.view),
            ]
            for face in answer.faces
        ],
    ]


def _answer(frame: int, told: list[Any]) -> Answer:
    time, careful, expected, faces = told
    question = Question(
        frame, Fraction(*time), bool(careful), tuple(Box(*edges) for edges in expected)
    )
    return Answer(question, tuple(_face(*face) for face in faces))


def _face(
    edges: list[int], score: float, points: list[tuple[float, float]] | None, passes: int, view: int
) -> Face:
    landmarks = Landmarks(*((x, y) for x, y in points)) if points else None
    return Face(Box(*edges), score, landmarks, passes, view)


def _edges(box: Box) -> list[int]:
    return [box.left, box.top, box.right, box.bottom]
