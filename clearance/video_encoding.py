"""Frames with exact times as the bytes of a video file, and nothing else inside.

ffmpeg encodes, in a process of its own. The only way to tell it when a frame is shown is a
container with times: frames are sent as a Matroska stream of plain samples, written here.
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from clearance.errors import ExportError
from clearance.making import explained
from detector.ffmpeg import Ffmpeg, FfmpegError, Why, to_file
from detector.video_frames import ColourMatrix

if TYPE_CHECKING:
    from types import TracebackType

    from detector.video import VideoInfo
    from detector.video_frames import Plane

_NANO = 1_000_000_000
_MICRO = 1_000_000
"""Units of time a second in what is sent: finer than the ticks of any camera."""
_FINEST_SCALE, _COARSEST_SCALE = 1_000_000, 1000
"""Units of time a second in an MP4."""
_FASTEST, _SLOWEST = Fraction(240), Fraction(1)
"""Frames a second that an encoder is told; only how it spends its bits depends on them."""


@dataclasses.dataclass(frozen=True, slots=True)
class VideoFormat:
    """How a copy is written.

    Attributes:
        suffix: of its name.
        muxer: what ffmpeg calls the container.
        picture: options of the encoder of pictures.
        sound: options of the encoder of sound.
        sound_muxer: what ffmpeg calls the kind of file in which sound waits for the pictures.
        priming: samples of silence that the encoder puts before the sound, and that the
            container does not tell players to skip.
        part: what ffmpeg calls the container of the parts that are put together in the end. MP4
            for every copy: WebM counts in milliseconds, and times must not be rounded twice.
    """

    suffix: str
    muxer: str
    picture: tuple[str, ...]
    sound: tuple[str, ...]
    sound_muxer: str
    priming: int = 0
    part: str = "mp4"

    @property
    def is_mp4(self) -> bool:
        """Whether times have the resolution of the video's own."""
        return self.muxer == "mp4"

    @property
    def part_suffix(self) -> str:
        """Of the name of a part."""
        return f".{self.part}"


# Without frames that are predicted from later ones, times need no table of corrections (an edit
# list), and a part can be put behind another. The filter takes out what x264 says of itself.
_H264 = (
    *("-c:v", "libx264", "-preset", "veryfast", "-crf", "21", "-bf", "0", "-profile:v", "high"),
    *("-bsf:v", "filter_units=remove_types=6"),
)
_VP9 = (
    *("-c:v", "libvpx-vp9", "-crf", "31", "-b:v", "0", "-deadline", "realtime", "-cpu-used", "7"),
    *("-row-mt", "1", "-auto-alt-ref", "0", "-lag-in-frames", "0"),
)
_AV1 = ("-c:v", "libsvtav1", "-crf", "32", "-preset", "10", "-svtav1-params", "rtc=1:pred-struct=1")
_AAC = ("-c:a", "aac", "-b:a", "160k")
_OPUS = ("-c:a", "libopus", "-b:a", "128k")
FORMATS = {
    # Raw AAC says nothing of priming: every sample counts, from the first picture on.
    "mp4": VideoFormat(".mp4", "mp4", _H264, _AAC, "adts", priming=1024),
    "webm": VideoFormat(".webm", "webm", _VP9, _OPUS, "webm"),
    "av1": VideoFormat(".webm", "webm", _AV1, _OPUS, "webm"),
}
"""What a copy of a video may be, by the name that a person gives it."""

_PLAIN = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*", re.ASCII)
"""Names that need no quotes in a list of files."""
_NAMES = {ColourMatrix.BT601: "smpte170m", ColourMatrix.BT709: "bt709"}
"""What ffmpeg calls the colours that belong to a matrix."""
_NOTHING_ELSE = (
    *("-map_metadata", "-1", "-map_chapters", "-1", "-sn", "-dn"),
    *("-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact"),
)


class ChunkWriter:
    """Writes frames into a file that depends on no other. To be used in a `with`.

    When the block ends the file is whole; when it fails, nothing is left.
    """

    def __init__(self, path: Path, format_: VideoFormat, info: VideoInfo, until: Fraction) -> None:
        """Take what is written.

        Args:
            path: of the file; its times begin at 0.
            format_: how it is written.
            info: the video whose frames these are: size, colours, units of time.
            until: when the last frame is gone, in seconds.
        """
        self._path = path
        self._info = info
        self._until = until
        self._first: Fraction | None = None
        self._waiting: tuple[Fraction, tuple[Plane, Plane, Plane]] | None = None
        arguments = self._arguments(format_)
        self._child = Ffmpeg(arguments, program=info.program, feeds=True, answers=False)

    def __enter__(self) -> ChunkWriter:
        try:
            self._child.__enter__()
        except FfmpegError as error:
            raise unwritten(self._path, error) from error
        try:
            self._send(_header(self._info))
        except BaseException:
            self._child.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        whole = False
        try:
            if kind is None:
                self._finish()
                whole = True
        finally:
            self._child.__exit__(kind, error, traceback)
            if not whole:
                self._path.unlink(missing_ok=True)

    def write(self, y: Plane, cb: Plane, cr: Plane, time: Fraction) -> None:
        """One frame more, shown from `time` on, in seconds; later than the one before.

        Args:
            y: brightness, uint8, shape (height, width) of the video.
            cb: colour difference to blue, uint8, half as wide and half as high.
            cr: colour difference to red, the same.
            time: exact; kept to the microsecond, and to the tick of every video that counts in
                nothing finer.

        Raises:
            ValueError: the samples are not those of a frame of the video.
            ExportError: it cannot be written.
        """
        width, height = self._info.width, self._info.height
        half = (height // 2, width // 2)
        if (y.shape, cb.shape, cr.shape) != ((height, width), half, half):
            raise ValueError("a frame of another size")
        if self._first is None:
            self._first = time
        # How long a frame is shown is known when the next one comes.
        self._send_waiting(time)
        self._waiting = time, (y, cb, cr)

    def _finish(self) -> None:
        self._send_waiting(self._until)
        try:
            self._child.finish()
        except FfmpegError as error:
            raise unwritten(self._path, error) from error

    def _send_waiting(self, until: Fraction) -> None:
        if self._waiting is None or self._first is None:
            return
        time, planes = self._waiting
        begin = round((time - self._first) * _MICRO)
        end = round((until - self._first) * _MICRO)
        size = sum(plane.size for plane in planes)
        self._send(_block_header(begin, end - begin, size))
        for plane in planes:
            self._send(np.ascontiguousarray(plane).data)

    def _send(self, data: bytes | memoryview) -> None:
        try:
            self._child.write(data)
        except FfmpegError as error:
            raise unwritten(self._path, error) from error

    def _arguments(self, format_: VideoFormat) -> list[str]:
        info = self._info
        matrix = _NAMES[info.colours.matrix]
        tagged = (
            f"setparams=colorspace={matrix}:color_primaries={matrix}:color_trc={matrix}"
            f":range={'full' if info.colours.full_range else 'limited'}"
        )
        return [
            *("-f", "matroska", "-i", "pipe:0", "-map", "0:v", "-vf", tagged),
            *("-fps_mode", "passthrough", "-enc_time_base", _units(info)),
            *format_.picture,
            *("-pix_fmt", "yuv420p"),
            *_scale(format_.part, info),
            *_NOTHING_ELSE,
            *("-f", format_.part, "-y", to_file(self._path)),
        ]


def join(
    chunks: Sequence[tuple[Path, Fraction]],
    sound: Path | None,
    target: Path,
    format_: VideoFormat,
    info: VideoInfo,
) -> None:
    """Put parts and their sound into one file, without encoding anything again.

    When it fails, nothing of it is left.

    Args:
        chunks: the parts, all in one folder, and how long each is, in seconds. Their names hold
            ASCII letters, digits, `-`, `_` and `.` only; that of the folder may hold anything.
        sound: a file of sound; None for none.
        target: in the same folder.
        format_: as the parts were written.
        info: the video whose copy it is.

    Raises:
        ExportError: it cannot be written.
    """
    listed = target.with_name("parts.ffconcat")
    heard = ["-i", to_file(sound), "-map", "1:a:0"] if sound else []
    end = float(sum((length for _, length in chunks), Fraction(0)))
    # Not every encoder passes on how long a frame is shown, and the last one has none behind it.
    last = f"setts=duration='if(eq(NEXT_PTS,NOPTS),round({end:.9f}/TB)-PTS,DURATION)'"
    arguments = [
        # The list lies in the folder where it is read, and so do the parts: ffmpeg takes the
        # name of a folder for part of an address, in which some characters mean something else.
        *("-f", "concat", "-i", listed.name),
        *heard[:2],
        *("-map", "0:v:0", *heard[2:], "-c", "copy", "-bsf:v", last),
        *_NOTHING_ELSE,
        *_scale(format_.muxer, info),
        *(("-movflags", "+faststart", "-use_editlist", "0") if format_.is_mp4 else ()),
        *("-f", format_.muxer, "-y", to_file(target)),
    ]
    with explained(target), none_left(target, besides=(listed,)):
        listed.write_text(_list(chunks), "utf-8")
        child = Ffmpeg(arguments, program=info.program, answers=False, folder=target.parent)
        run_to_the_end(child, target)


def _list(chunks: Sequence[tuple[Path, Fraction]]) -> str:
    """What tells ffmpeg which parts follow one another, and for how long."""
    lines, end = ["ffconcat version 1.0"], Fraction(0)
    for path, length in chunks:
        if not _PLAIN.fullmatch(path.name):
            raise ValueError("a name that ffmpeg might read as something else")
        begin, end = end, end + length
        # Rounded ends and not rounded lengths: errors must not add up.
        micros = round(end * _MICRO) - round(begin * _MICRO)
        lines += [f"file {path.name}", f"duration {micros // _MICRO}.{micros % _MICRO:06}"]
    return "\n".join(lines) + "\n"


@contextlib.contextmanager
def none_left(target: Path, *, besides: Sequence[Path] = ()) -> Iterator[None]:
    """Leave no file of this name where the block fails, and none of the others in any case."""
    whole = False
    try:
        yield
        whole = True
    finally:
        for path in (*besides, *(() if whole else (target,))):
            path.unlink(missing_ok=True)


def run_to_the_end(child: Ffmpeg, target: Path, parts: Iterable[memoryview] = ()) -> None:
    """Let ffmpeg write a file of these bytes.

    Raises:
        ExportError: it did not.
    """
    try:
        with child:
            for part in parts:
                child.write(part)
            child.finish()
    except FfmpegError as error:
        raise unwritten(target, error) from error


def _units(info: VideoInfo) -> str:
    """The unit in which an encoder counts time."""
    base = info.time_base
    return f"{base.numerator}/{base.denominator}"


def _scale(muxer: str, info: VideoInfo) -> tuple[str, ...]:
    """The units of time a second in which the container counts, where it lets choose."""
    if muxer != "mp4":
        return ()
    scale = info.time_base.denominator
    while scale < _COARSEST_SCALE:
        scale *= 10
    return "-video_track_timescale", str(min(scale, _FINEST_SCALE))


def unwritten(path: Path, error: FfmpegError) -> ExportError:
    """The error that a part of a copy, or all of it, was not written."""
    reason = error.why.value if error.why is Why.SLOW else error.reason
    return ExportError(
        "The copy {path} cannot be written ({reason}): "
        "choose a folder you may write to, and make room on the disk.",
        path=path.parent,
        reason=reason,
    )


# Matroska (RFC 9559): elements are an identity, a length and data.
_UNKNOWN_LENGTH = b"\x01" + b"\xff" * 7
_EBML, _SEGMENT, _INFO = 0x1A45DFA3, 0x18538067, 0x1549A966
_TRACKS, _CLUSTER = 0x1654AE6B, 0x1F43B675


def _element(identity: int, data: bytes) -> bytes:
    return _head(identity, len(data)) + data


def _head(identity: int, length: int) -> bytes:
    size = (identity.bit_length() + 7) // 8
    return identity.to_bytes(size, "big") + (length | 1 << 56).to_bytes(8, "big")


def _number(identity: int, value: int) -> bytes:
    return _element(identity, value.to_bytes(8, "big"))


def _header(info: VideoInfo) -> bytes:
    """What comes before the first frame: one track of plain samples, times in microseconds."""
    ebml = _element(0x4282, b"matroska") + _number(0x4287, 4) + _number(0x4285, 2)
    picture = _number(0xB0, info.width) + _number(0xBA, info.height) + _element(0x2EB524, b"I420")
    # A part may hold a single frame, which tells no encoder how fast frames follow one another.
    rate = min(max(info.frame_rate, _SLOWEST), _FASTEST)
    track = (
        _number(0xD7, 1)
        + _number(0x73C5, 1)
        + _number(0x83, 1)
        + _element(0x86, b"V_UNCOMPRESSED")
        + _number(0x23E383, round(_NANO / rate))
        + _element(0xE0, picture)
    )
    return (
        _element(_EBML, ebml)
        + _SEGMENT.to_bytes(4, "big")
        + _UNKNOWN_LENGTH
        + _element(_INFO, _number(0x2AD7B1, _NANO // _MICRO))
        + _element(_TRACKS, _element(0xAE, track))
    )


def _block_header(begin: int, length: int, size: int) -> bytes:
    """What comes before the samples of a frame, in a cluster of its own."""
    time, lasts = _number(0xE7, begin), _number(0x9B, length)
    # Track 1, at the very time of the cluster.
    block = _head(0xA1, size + 4) + b"\x81\x00\x00\x00"
    group = _head(0xA0, len(lasts) + len(block) + size) + lasts + block
    return _head(_CLUSTER, len(time) + len(group) + size) + time + group
