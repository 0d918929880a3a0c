"""Opens an untrusted video: bytes to pictures with their times, or a reason why not.

Fail closed: a file that is cut off, damaged, changes while it is read, or names other files is
refused. A part that was not decoded would be a video "without faces".

Which bytes were judged is known by their SHA-256, taken before. ffmpeg opens the file again and
again; before and after each time what a file system notes of every change is compared, and where
anything of it differs, the SHA-256 is taken once more. Whoever needs certainty against somebody
who forges the notes as well calls `check_unchanged` with `thoroughly` at the end.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from detector.errors import (
    VideoChangedError,
    VideoTooLargeError,
    VideoUnreadableError,
)
from detector.ffmpeg import ChildLimits, Ffmpeg, FfmpegError, Why, executable, from_file
from detector.untrusted import printable
from detector.video_errors import damaged, failed, no_picture
from detector.video_files import opened, sha256_of, stamp_of
from detector.video_frames import VideoFrame
from detector.video_info import (
    AudioStream,
    Beside,
    BesideKind,
    VideoInfo,
    VideoLimits,
)
from detector.video_kinds import (
    ANIMATIONS,
    HEAD_BYTES,
    Container,
    Foreign,
    check_whole,
    kind_of,
    names_others,
    shows_several,
)
from detector.video_probe import STRICT, Probe, check_length, refuse_complaints
from detector.video_streams import Stream, beside_of, sound_of, texts_of

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

__all__ = [
    "AudioStream",
    "Beside",
    "BesideKind",
    "VideoInfo",
    "VideoLimits",
    "check_unchanged",
    "frame_at",
    "frames",
    "is_video",
    "open_video",
]

_DEFAULT_LIMITS = VideoLimits()
_BACKWARDS = Fraction(1)
"""Seconds. Pictures that jump back by more are of two recordings in one stream."""
_REORDERED = 20
"""More pictures than a codec may show in another order than they are stored in (16)."""
_SEEKABLE = frozenset({Container.MP4, Container.MATROSKA})
"""Kinds with an index and exact times: there a picture has the same time wherever one begins."""


def is_video(untrusted: Path | bytes) -> bool:
    """Whether it is a video, by its bytes and not by its name.

    Also where it is of a kind that `open_video` refuses. A still GIF is none; of its first bytes
    alone that is not to be seen.

    Args:
        untrusted: a file, or the first 4096 bytes of one. What cannot be read is no video.
    """
    if isinstance(untrusted, bytes):
        return kind_of(untrusted[:HEAD_BYTES]) is not None
    try:
        with opened(untrusted) as file:
            kind = kind_of(file.read(HEAD_BYTES))
            return shows_several(file) if kind is Container.GIF else kind is not None
    except (VideoUnreadableError, OSError):
        return False


def open_video(
    untrusted_path: Path,
    limits: VideoLimits = _DEFAULT_LIMITS,
    *,
    program: Path | None = None,
) -> VideoInfo:
    """Reads what a video is, and that everything of it is there; its pictures come later.

    Where there are several video streams, the largest of those that players show unasked is
    judged; the others are named in `VideoInfo.beside`.

    Args:
        untrusted_path: the file.
        limits: what it may cost.
        program: the ffmpeg to run, from `executable`; None for the package's.

    Raises:
        VideoTooLargeError: more than `limits` allow.
        VideoUnreadableError: missing, not a video of a kind that is read, no picture in it,
            cut off, or damaged.
        VideoToolMissingError: there is no ffmpeg.
    """
    program = program or executable()
    with _named(untrusted_path):
        return _open(untrusted_path.absolute(), limits, program)


def frames(
    info: VideoInfo,
    *,
    start: Fraction | None = None,
    stop: Fraction | None = None,
    first: int = 0,
) -> Generator[VideoFrame]:
    """The pictures in the order in which they are shown, each with a buffer of its own.

    Every picture the decoder shows is given. Times grow strictly: one that is not later than the
    one before is put one unit of the time base after that.

    Args:
        info: from `open_video`.
        start: pictures before this time are left out.
        stop: pictures from this time on are left out.
        first: the number of the first picture that is given. Whoever begins in the midst knows
            it from having looked before; numbers are not in the file.

    Yields:
        Upright pictures of `info.width` x `info.height`. Closing the iterator ends the decoder.

    Raises:
        VideoChangedError: the file is another one by now.
        VideoTooLargeError: more pictures or seconds than allowed, or nothing comes in time.
        VideoUnreadableError: damaged, or cut off.
    """
    with _named(info.path):
        near = info.start if start is None else start
        number = first
        with contextlib.closing(_from(info, near)) as shown:
            for time, buffer in shown:
                if stop is not None and time >= stop:
                    check_unchanged(info)
                    return
                if start is not None and time < start:
                    continue
                yield _frame(info, number, time, buffer)
                number += 1


def frame_at(info: VideoInfo, time: Fraction) -> VideoFrame:
    """The picture that is shown at that time; its number is 0, since it was not counted.

    Before the first picture, that is the first; after the last one, the last.

    Raises:
        VideoChangedError: the file is another one by now.
        VideoUnreadableError: damaged, or cut off.
    """
    with _named(info.path):
        last: tuple[Fraction, _Buffer] | None = None
        with contextlib.closing(_from(info, time)) as shown:
            for at, buffer in shown:
                if last is not None and at > time:
                    break
                last = at, buffer
        if last is None:
            raise no_picture()
        check_unchanged(info)
        return _frame(info, 0, *last)


def check_unchanged(info: VideoInfo, *, thoroughly: bool = False) -> None:
    """That the file still holds the bytes whose SHA-256 is in `info`.

    Args:
        info: from `open_video`.
        thoroughly: read all of it, also where nothing says that it changed.

    Raises:
        VideoChangedError: it does not.
    """
    try:
        with opened(info.path) as file:
            if not thoroughly and stamp_of(file) == info.stamp:
                return
            same = stamp_of(file).size == info.stamp.size and sha256_of(file) == info.sha256
    except VideoUnreadableError:
        same = False
    if not same:
        raise VideoChangedError(
            "the file changed while it was judged; wait until it is complete, and run it again"
        )


if TYPE_CHECKING:
    import numpy.typing as npt

    _Buffer = npt.NDArray[np.uint8]


def _open(path: Path, limits: VideoLimits, program: Path) -> VideoInfo:
    with opened(path) as file:
        stamp = stamp_of(file)
        if stamp.size > limits.file_bytes:
            raise VideoTooLargeError(
                "the file is larger than {gib} GiB; export a smaller copy",
                gib=round(limits.file_bytes / 2**30, 1),
            )
        container = _container(file)
        check_whole(file, container)
        sha256 = sha256_of(file)
    child = ChildLimits(seconds=limits.silence, threads=min(4, os.cpu_count() or 1))
    probe = Probe(path, container, program, limits, child)
    streams = probe.streams()
    judged = _judged(streams)
    tags = probe.tags()
    for stream, texts in zip(streams, tags.streams, strict=False):
        stream.tags = texts
    look, packets = probe.look(judged), probe.packets(judged)
    # What the decoder says: packets of AVI have no time of their own.
    first = packets.first * packets.time_base if look.first is None else look.first
    sounds = [(each, *probe.sound(each)) for each in streams if each.media == "audio"]
    origin = min([first, *(begins for _, _, begins in sounds if begins is not None)])
    long = (packets.last - packets.first) * packets.time_base
    end = packets.end * packets.time_base
    info = VideoInfo(
        path=path,
        sha256=sha256,
        container=container,
        codec=judged.codec,
        width=look.width,
        height=look.height,
        time_base=packets.time_base,
        frame_rate=(packets.count - 1) / long if long else 1 / (end - first or Fraction(1)),
        duration=end - origin if end > first else None,
        colours=look.colours,
        hdr=look.hdr,
        interlaced=look.interlaced,
        rotated=look.rotated,
        audio=tuple(
            sound_of(each, channels, (first if begins is None else begins) - first)
            for each, channels, begins in sounds
        ),
        beside=beside_of(streams, judged, tags),
        texts=texts_of(tags),
        start=first - origin,
        pictures=packets.count,
        stream=judged.index,
        origin=origin,
        filters=look.filters,
        stamp=stamp,
        program=program,
        limits=limits,
        child=child,
    )
    check_unchanged(info)
    return info


def _judged(streams: list[Stream]) -> Stream:
    """The stream that is judged.

    Raises:
        VideoUnreadableError: there is none.
    """
    videos = [each for each in streams if each.media == "video" and not each.is_cover]
    if not videos:
        if any(each.media == "audio" for each in streams):
            raise VideoUnreadableError(
                "there is no picture in it, only sound; there is nobody to be seen"
            )
        raise no_picture()
    return max(videos, key=lambda each: (each.is_default, each.width * each.height, -each.index))


def _container(file: BinaryIO) -> Container:
    head = file.read(HEAD_BYTES)
    kind = kind_of(head)
    if isinstance(kind, Container):
        return kind
    if isinstance(kind, Foreign):
        raise VideoUnreadableError(
            "{kind} is not read; convert it to MP4, and judge what you publish", kind=kind.value
        )
    if not head:
        raise VideoUnreadableError("the file is empty; fetch it again from its source")
    if names_others(head):
        raise VideoUnreadableError(
            "this is a text or a list that names other files, and no video; name the video itself"
        )
    raise VideoUnreadableError(
        "not a video of a kind that is read (MP4, MOV, MKV, WebM, AVI, MPEG, GIF, animated WebP "
        "or PNG); convert it to MP4"
    )


def _from(info: VideoInfo, time: Fraction) -> Generator[tuple[Fraction, _Buffer]]:
    """Pictures from one that is not later than `time` where there is one, on to the end."""
    # A key picture is stored before some that are shown earlier and need what was before it.
    margin = max(Fraction(2), _REORDERED / info.frame_rate)
    seek = time - margin if info.container in _SEEKABLE else info.start
    if seek > info.start:
        with contextlib.closing(_decoded(info, seek)) as shown:
            try:
                begins = next(shown, None)
            except VideoUnreadableError:  # the index may be wrong where the pictures are not
                begins = None
            if begins is not None and begins[0] <= time:
                yield begins
                yield from shown
                return
    yield from _decoded(info, None)


def _decoded(info: VideoInfo, seek: Fraction | None) -> Generator[tuple[Fraction, _Buffer]]:
    check_unchanged(info)
    mark = secrets.token_hex(8)
    size = info.width * info.height * 3 // 2
    clock = _Clock(info)
    shown = 0
    run = Ffmpeg(
        _arguments(info, seek, mark),
        program=info.program,
        mark=mark.encode(),
        limits=info.child,
    )
    try:
        with run as child:
            while True:
                # Never used again: whoever keeps a picture keeps it.
                buffer = np.empty(size, np.uint8)
                filled = child.read_into(buffer.data)
                if filled < size:
                    break
                time = clock.time(child.marked(), shown)
                shown += 1
                _check_cost(info, shown, time)
                yield time, buffer
            child.finish()
            refuse_complaints(child.said)
    except FfmpegError as error:
        raise _in_the_midst(info, error, clock.last) from error
    if filled or (not shown and seek is None):
        raise damaged("a picture without an end" if filled else "no picture")
    check_unchanged(info)


def _arguments(info: VideoInfo, seek: Fraction | None, mark: str) -> list[str]:
    sought = []
    if seek is not None:
        raw = int((seek + info.origin) * 1_000_000)
        sought = ["-noaccurate_seek", "-seek_timestamp", "1", "-ss", f"{raw}us"]
    return [
        *STRICT,
        *("-max_pixels", str(info.limits.decoded_pixels), "-threads", str(info.child.threads)),
        *("-copyts", *sought),
        *from_file(info.path, info.container.value),
        *("-map", f"0:{info.stream}", "-vf", info.filters),
        *("-fps_mode", "passthrough", "-enc_time_base", "demux"),
        *("-stats_enc_pre", "pipe:2", "-stats_enc_pre_fmt", f"{mark} {{n}} {{pts}} {{tb}}"),
        *("-c:v", "rawvideo", "-pix_fmt", "yuv420p", "-f", "rawvideo", "pipe:1"),
    ]


class _Clock:
    """Reads the time of each picture, and sees to it that times grow."""

    def __init__(self, info: VideoInfo) -> None:
        self._info = info
        self.last: Fraction | None = None

    def time(self, told: bytes | None, number: int) -> Fraction:
        """The time that was told of the picture of that number.

        Raises:
            FfmpegError: nothing was told, or of another picture.
            VideoUnreadableError: time runs backwards.
        """
        try:
            told_number, raw, base = (told or b"").split()
            time = int(raw) * Fraction(base.decode()) - self._info.origin
            right = int(told_number) == number
        except (ValueError, ArithmeticError):
            right = False
        if not right:
            raise FfmpegError(Why.FAILED, "a picture without a time")
        if self.last is not None and time <= self.last:
            if self.last - time > _BACKWARDS:
                raise VideoUnreadableError(
                    "its time runs backwards after {seconds} s, as in two recordings joined; "
                    "save it again as MP4",
                    seconds=round(float(self.last), 1),
                )
            time = self.last + self._info.time_base
        self.last = time
        return time


def _check_cost(info: VideoInfo, shown: int, time: Fraction) -> None:
    check_length(info.limits, shown, time - info.start)
    pixels = shown * info.width * info.height
    if info.container in ANIMATIONS and pixels > info.limits.animation_pixels:
        raise VideoTooLargeError(
            "its pictures come to more than {most} million pixels, which no animation needs; "
            "export a smaller or shorter one",
            most=round(info.limits.animation_pixels / 1e6),
        )


def _in_the_midst(
    info: VideoInfo, error: FfmpegError, last: Fraction | None
) -> VideoUnreadableError:
    if last is None or error.why is not Why.FAILED:
        return failed(error, info.limits.silence)
    return VideoUnreadableError(
        "damaged or cut off after {seconds} s ({reason}); play it to its end, and save it again "
        "as MP4",
        seconds=round(float(last), 1),
        reason=error.reason,
    )


def _frame(info: VideoInfo, index: int, time: Fraction, buffer: _Buffer) -> VideoFrame:
    width, height = info.width, info.height
    bright, quarter = width * height, width * height // 4
    half = (height // 2, width // 2)
    return VideoFrame(
        index=index,
        time=time,
        y=buffer[:bright].reshape(height, width),
        cb=buffer[bright : bright + quarter].reshape(half),
        cr=buffer[bright + quarter :].reshape(half),
        colours=info.colours,
    )


@contextlib.contextmanager
def _named(untrusted_path: Path) -> Iterator[None]:
    """Errors that name the file."""
    try:
        yield
    except VideoUnreadableError as error:
        raise type(error)(
            "{name}: {cause}", name=printable(untrusted_path.name), cause=error
        ) from error
