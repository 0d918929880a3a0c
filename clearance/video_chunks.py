"""A part of a video: hidden, written, opened again, and examined frame by frame.

What a look at the written part shows, and no verdict is about, is hidden as well, and the part
is written again. Only the part: the others were examined as they are.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from clearance.errors import ExportError, VerificationError
from clearance.second_look import is_one_of
from clearance.video_encoding import ChunkWriter
from clearance.video_examination import cells_of, digest_of
from clearance.video_masks import MaskedTrack, masked_between, masked_face
from consent.files import sha256_of
from detector.errors import DetectorError
from detector.faces import Box
from detector.video import frames, open_video
from detector.video_faces import is_sure

if TYPE_CHECKING:
    from clearance.video_examination import FrameExaminer
    from clearance.video_plan import Chunk, VideoPlan
    from detector.faces import Face
    from detector.video_frames import Plane, VideoFrame

_ROUNDS = 5
"""How often a part is written before the copy is refused."""
_CAREFUL_EVERY = 1.0
"""Seconds between two frames in which faces of every size are looked for."""
_NEAR, _OTHERS = 3, 2


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Written:
    """A part that was written, and what each of its frames should show.

    Attributes:
        chunk: which.
        path: of its file.
        masks: what is hidden in it.
        proofs: `cells_of` each frame.
    """

    chunk: Chunk
    path: Path
    masks: tuple[MaskedTrack, ...]
    proofs: tuple[Plane, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Proven:
    """A part whose every frame was examined.

    Attributes:
        chunk: which.
        path: of its file.
        sha256: of its bytes.
        frames: a digest of the samples of each frame.
        appeared: places that were hidden because only the written part showed them: the frame
            and the box of each sighting.
        rounds: how often it was written.
    """

    chunk: Chunk
    path: Path
    sha256: str
    frames: tuple[bytes, ...]
    appeared: tuple[tuple[int, Box], ...]
    rounds: int

    def save(self) -> None:
        """Remember beside the file that it was examined, for a run that goes on later."""
        document = {
            "sha256": self.sha256,
            "frames": [digest.hex() for digest in self.frames],
            "appeared": [[frame, *dataclasses.astuple(box)] for frame, box in self.appeared],
            "rounds": self.rounds,
        }
        self.path.with_suffix(".json").write_text(json.dumps(document), "utf-8")

    @classmethod
    def load(cls, chunk: Chunk, path: Path) -> Proven | None:
        """What an earlier run examined, if the file still holds those very bytes."""
        try:
            document = json.loads(path.with_suffix(".json").read_text("utf-8"))
            proven = cls(
                chunk,
                path,
                document["sha256"],
                tuple(bytes.fromhex(digest) for digest in document["frames"]),
                tuple((int(frame), Box(*edges)) for frame, *edges in document["appeared"]),
                int(document["rounds"]),
            )
            found = sha256_of(path)
        except (OSError, ValueError, KeyError, TypeError):
            return None
        complete = len(proven.frames) == chunk.stop - chunk.start
        return proven if complete and found == proven.sha256 else None


def write_chunk(
    plan: VideoPlan,
    chunk: Chunk,
    source: Iterable[VideoFrame],
    path: Path,
    appeared: Sequence[MaskedTrack] = (),
) -> Written:
    """Hide and write one part.

    Args:
        plan: the copy.
        chunk: which part.
        source: the frames of the video, from the first one of the part; as many are taken as
            belong to it.
        path: of its file.
        appeared: what is hidden besides.

    Raises:
        ExportError: it cannot be written, or the video is not the one that was looked at.
        VideoUnreadableError: the video cannot be read.
    """
    watched, info = plan.watched, plan.watched.info
    masks = (*masked_between(plan.masks, chunk.start, chunk.stop), *appeared)
    proofs = []
    until = watched.time_of(chunk.stop)
    with ChunkWriter(path, plan.format, info, until=until) as writer:
        numbers = range(chunk.start, chunk.stop)
        for number, frame in zip(numbers, source, strict=False):
            if frame.time != watched.time_of(number):
                raise _changed(info.path)
            mask = plan.mask_at(number, masks)
            y, cb, cr = mask.hide(frame)
            proofs.append(cells_of(y))
            writer.write(y, cb, cr, frame.time)
        if len(proofs) != len(numbers):
            raise _changed(info.path)
    return Written(chunk, path, masks, tuple(proofs))


def _changed(path: Path) -> ExportError:
    return ExportError("{path} was changed since it was judged: run the command again.", path=path)


def proven_chunk(
    plan: VideoPlan,
    written: Written,
    examiner: FrameExaminer,
) -> Proven:
    """Examine a part that was written; where more must be hidden, write it again.

    Args:
        plan: the copy.
        written: the part.
        examiner: looks at its frames.

    Raises:
        VerificationError: the part does not pass its checks.
        ExportError: it cannot be written, or the video is not the one that was looked at.
        VideoUnreadableError: the video cannot be read.
    """
    chunk = written.chunk
    appeared: list[tuple[int, Box]] = []
    for rounds in range(1, _ROUNDS + 1):
        digests, more = _examined(plan, written, examiner)
        if not more:
            proven = Proven(
                chunk, written.path, sha256_of(written.path), digests, tuple(appeared), rounds
            )
            proven.save()
            return proven
        appeared += [(frame, face.box) for frame, face in more]
        start = plan.watched.time_of(chunk.start)
        with contextlib.closing(frames(plan.watched.info, start=start)) as source:
            more_masks = _masks(plan, chunk, appeared)
            written = write_chunk(plan, chunk, source, written.path, more_masks)
    frame, face = more[-1]
    raise VerificationError(
        "Faces that were not judged keep appearing in the copy of {path}, last at {time} s: "
        "hide everybody, or use another video.",
        where=[face.box],
        path=plan.watched.info.path,
        **_when(plan, frame),
    )


def _when(plan: VideoPlan, frame: int) -> dict[str, float]:
    """When a frame is shown, for an error, and its number."""
    after = plan.watched.time_of(frame) - plan.watched.first
    return {"time": round(float(after), 2), "frame": frame}


def _masks(plan: VideoPlan, chunk: Chunk, appeared: Iterable[tuple[int, Box]]) -> list[MaskedTrack]:
    """What hides faces that appeared: each a moment before and after it was seen."""
    rate = plan.watched.frame_rate
    return [masked_face(box, frame, rate, chunk.start, chunk.stop - 1) for frame, box in appeared]


def _examined(
    plan: VideoPlan, written: Written, examiner: FrameExaminer
) -> tuple[tuple[bytes, ...], list[tuple[int, Face]]]:
    """A digest of each frame of a part, and the faces that no verdict is about."""
    chunk, watched = written.chunk, plan.watched
    every = max(1, round(_CAREFUL_EVERY * float(watched.frame_rate)))
    digests: list[bytes] = []
    found: list[tuple[int, tuple[Face, ...]]] = []
    for number, frame in _reopened(written.path, chunk):
        if len(digests) == len(written.proofs):
            raise VerificationError("The copy holds more frames than were written.")
        mask = plan.mask_at(number, written.masks)
        # Not the frames that the look at the video chose: a face is missed in one, and not in
        # the next.
        careful = (number + every // 2) % every == 0
        examiner.check(frame, written.proofs[number - chunk.start], mask, _when(plan, number))
        faces = examiner.find(
            frame, mask, plan.seen_at(number), plan.small_at(number), careful=careful
        )
        found.append((number, faces))
        digests.append(digest_of(frame))
    if len(digests) != len(written.proofs):
        raise VerificationError("The copy holds fewer frames than were written.")
    return tuple(digests), believed(found)


def believed(found: Sequence[tuple[int, tuple[Face, ...]]]) -> list[tuple[int, Face]]:
    """Which sightings of a part's frames are faces: sure ones, and those that stay.

    What one look is unsure of is told by the frames around it: a weak sighting counts where two
    others of the frames around are in the same place; one, at the ends of a part, whose
    neighbours are in another.

    Args:
        found: the sightings of each frame, in order.
    """
    told = []
    for row, (number, faces) in enumerate(found):
        near = (*found[max(0, row - _NEAR) : row], *found[row + 1 : row + 1 + _NEAR])
        needed = _OTHERS if len(near) == 2 * _NEAR else 1
        told += [
            (number, face)
            for face in faces
            if is_sure(face) or sum(is_one_of(face, others) for _, others in near) >= needed
        ]
    return told


def _reopened(path: Path, chunk: Chunk) -> Iterator[tuple[int, VideoFrame]]:
    try:
        for offset, frame in enumerate(frames(open_video(path))):
            yield chunk.start + offset, frame
    except DetectorError as error:
        raise VerificationError(
            "The copy cannot be opened again: {reason}", reason=error
        ) from error


def places(appeared: Iterable[tuple[int, Box]], around: int) -> int:
    """How many places sightings come to: those that follow one another in one place are one."""
    last: list[tuple[int, Box]] = []
    count = 0
    for frame, box in sorted(appeared):
        for index, (before, known) in enumerate(last):
            if frame - before <= 2 * around and box.intersection(known):
                last[index] = (frame, box)
                break
        else:
            count += 1
            last.append((frame, box))
        last = [one for one in last if frame - one[0] <= 2 * around]
    return count
