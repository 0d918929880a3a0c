"""Opens an untrusted video: what its file holds, and every frame that it shows.

Fail closed: a file that is damaged or cut off, or that another program is writing to, has not
been seen to its end and is refused, whatever was seen of it until then. A decoder goes on where
bytes are missing; another one would show something else there.
"""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import os
import queue
import re
from collections.abc import Generator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt

from detector.errors import VideoTooLargeError, VideoUnreadableError
from detector.ffmpeg import STALLED, Ffmpeg, lines_of, local
from detector.untrusted import printable
from detector.video_frames import ColourMatrix, Colours, VideoFrame
from detector.video_kinds import is_video, kind_of

__all__ = [
    "AudioStream",
    "Beside",
    "BesideKind",
    "VideoInfo",
    "VideoLimits",
    "frame_at",
    "frames",
    "is_video",
    "open_video",
]


@dataclasses.dataclass(frozen=True, slots=True)
class VideoLimits:
    """What one video may cost.

    Attributes:
        pixels: of a frame: 8192 x 4320, the largest that H.264 and HEVC know.
        side: of a frame, in pixels.
        seconds: from the first frame to the last.
        frames: how many.
    """

    pixels: int = 8192 * 4320
    side: int = 16384
    seconds: int = 12 * 3600
    frames: int = 5_000_000


_DEFAULT_LIMITS = VideoLimits()


class BesideKind(enum.StrEnum):
    """What a file holds beside the pictures and the sound that are judged."""

    SUBTITLES = "subtitles"
    CHAPTERS = "chapters"
    DATA = "data"
    """Places, times, telemetry, or what nobody knows."""
    ATTACHMENT = "attachment"
    COVER = "cover"
    """A picture that stands for the video."""
    VIDEO = "video"
    """A further video."""
    AUDIO = "audio"
    """Further sound."""


@dataclasses.dataclass(frozen=True, slots=True)
class Beside:
    """Something that a file holds beside: `index` is its stream's, -1 for chapters."""

    kind: BesideKind
    index: int


@dataclasses.dataclass(frozen=True, slots=True)
class AudioStream:
    """The sound that belongs to the pictures; `index` is its stream's."""

    index: int


@dataclasses.dataclass(frozen=True, slots=True)
class VideoInfo:
    """What a file says of its video.

    Attributes:
        path: where it is.
        sha256: of its bytes.
        size: of the file, in bytes, and when it was written, in nanoseconds.
        kind: what ffmpeg calls the kind of the file.
        stored: width and height in pixels as they are stored, after turning.
        width: of a frame as it is judged: upright, with square pixels, even.
        height: likewise.
        time_base: seconds of a unit of time.
        frame_rate: frames a second, as the file says.
        duration: in seconds, as the file says; None where it does not.
        colours: what the samples of a frame mean.
        tags: the names of primaries, transfer and matrix that go with them.
        hdr: whether the picture is made darker to be seen on any screen.
        interlaced: whether two half pictures are put together.
        converts: whether its colours are turned into those of `colours`.
        audio: the sound; empty where there is none.
        beside: what else the file holds.
        texts: titles, comments and names that it says, by where they stand.
    """

    path: Path
    sha256: str
    size: tuple[int, int]
    kind: str
    stored: tuple[int, int]
    width: int
    height: int
    time_base: Fraction
    frame_rate: Fraction
    duration: Fraction | None
    colours: Colours
    tags: tuple[str, str, str] = ("bt709", "bt709", "bt709")
    hdr: bool = False
    interlaced: bool = False
    converts: bool = False
    audio: tuple[AudioStream, ...] = ()
    beside: tuple[Beside, ...] = ()
    texts: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)

    @property
    def unjudged(self) -> bool:
        """Whether the file holds pictures that are not among the frames."""
        return any(one.kind in (BesideKind.COVER, BesideKind.VIDEO) for one in self.beside)


_STREAM = re.compile(r"^\[info\]   Stream #0:(\d+)(?:\[0x[0-9a-f]+\])?(?:\([^)]*\))?: (\w+): (.*)")
_CHAPTER = re.compile(r"^\[info\]     Chapter #0:\d+: ")
_DURATION = re.compile(r"^\[info\]   Duration: (\d+):(\d\d):(\d\d\.\d+), ")
_TEXT = re.compile(r"^\[info\] {4,}([^ :][^:]*?) *: (.*)")
_SHOWN = r"^\[Parsed_showinfo_\d+ @ 0x[0-9a-f]+\] \[info\] "
_CONFIG = re.compile(_SHOWN + r"config in time_base: (\d+)/(\d+), frame_rate: (\d+)/(\d+)$")
_FRAME = re.compile(_SHOWN + r"n: *(\d+) pts: *(-?\d+|NOPTS) pts_time:")
_SHAPE = re.compile(r" fmt:(\w+) .*\bsar:(\d+)/(\d+) s:(\d+)x(\d+) i:(\w) ")
_COLOUR = re.compile(
    _SHOWN + r"color_range:(\S+) color_space:(\S+) color_primaries:(\S+) color_trc:(\S+)"
)

_HDR = {"smpte2084", "arib-std-b67"}
_BT601 = {"smpte170m", "bt470bg", "fcc"}
_HIGH_DEFINITION = 720
"""Rows from which a video that says nothing about its colours has those of BT.709, as players
take it."""
_TO_SDR = (
    "zscale=transfer=linear:npl=203",
    "format=gbrpf32le",
    "zscale=primaries=bt709",
    "tonemap=mobius:desat=0",
    "zscale=transfer=bt709:matrix=bt709:range=limited",
)
"""203 cd/m2 is the white of HDR (ITU-R BT.2408)."""
_TECHNICAL = {
    "major_brand",
    "minor_version",
    "compatible_brands",
    "encoder",
    "vendor_id",
    "duration",
    "creation_time",
    "side data",
    "language",
    "bps",
    "number_of_frames",
    "number_of_bytes",
}


def open_video(path: Path, limits: VideoLimits = _DEFAULT_LIMITS) -> VideoInfo:
    """What the file holds. Its first frame is decoded, no other.

    Args:
        path: of the file.
        limits: what the video may cost.

    Raises:
        VideoTooLargeError: more pixels, or longer, than `limits` allow.
        VideoUnreadableError: missing, not a video, without pictures, or damaged.
        BackendMissingError: ffmpeg is not there.
    """
    kind = kind_of(path)
    if kind is None:
        raise _named(
            path, VideoUnreadableError("it is not a video that is known here; save it again as MP4")
        )
    sha256, size = _fingerprint(path)
    arguments = [
        *_input(path, kind, limits),
        *("-map", "0:V:0", "-an", "-map_metadata", "-1", "-map_chapters", "-1"),
        *("-vf", "showinfo=checksum=0", "-frames:v", "1", "-f", "null", "-"),
    ]
    code, everything, complaint = lines_of(arguments)
    said = _about_the_file(everything)
    streams = [found for line in said if (found := _STREAM.match(line))]
    if not any(found[2] == "Video" and "(attached pic)" not in found[3] for found in streams):
        if streams:
            raise _named(path, VideoUnreadableError("there are no moving pictures in it"))
        raise _not_real(path, complaint)
    first = _first_frame(everything)
    if code or first is None:
        raise _not_real(path, complaint)
    info = _info(path, (sha256, size, kind), said, streams, first)
    if max(info.width, info.height) > limits.side or min(info.width, info.height) < _SMALLEST:
        raise VideoTooLargeError(
            "{name}: a picture of {width} x {height} pixels is not judged; export another size",
            name=printable(path.name),
            width=info.width,
            height=info.height,
        )
    return info


_SMALLEST = 32
"""Pixels of a side below which nobody is seen, and encoders refuse."""


def _about_the_file(said: Sequence[str]) -> list[str]:
    """The lines that tell what the file holds: the last of them comes before the mapping."""
    ends = [number for number, line in enumerate(said) if line == "[info] Stream mapping:"]
    return list(said[: ends[-1]] if ends else said)


def _first_frame(
    said: Sequence[str],
) -> tuple[re.Match[str], re.Match[str], re.Match[str]] | None:
    """Times, shape and colours of the first frame, as the filter tells them."""
    shown = [line for line in said if (found := _FRAME.match(line)) and found[1] == "0"]
    configured = [found for line in said if (found := _CONFIG.match(line))]
    colours = [found for line in said if (found := _COLOUR.match(line))]
    shape = _SHAPE.search(shown[0]) if shown else None
    # What a file says of itself must not pass for what ffmpeg says: then there are two.
    if len(shown) != 1 or len(configured) != 1 or not colours or shape is None:
        return None
    return configured[0], shape, colours[0]


def _info(
    path: Path,
    file: tuple[str, tuple[int, int], str],
    said: Sequence[str],
    streams: Sequence[re.Match[str]],
    first: tuple[re.Match[str], re.Match[str], re.Match[str]],
) -> VideoInfo:
    configured, shape, colour = first
    stored = int(shape[4]), int(shape[5])
    aspect = Fraction(int(shape[2]), int(shape[3])) if int(shape[2]) and int(shape[3]) else 1
    width, height = (round(stored[0] * aspect), stored[1])
    full_range, matrix, transfer = colour[1] == "pc", colour[2], colour[4]
    by_size = ColourMatrix.BT709 if height >= _HIGH_DEFINITION else ColourMatrix.BT601
    known = {"bt709": ColourMatrix.BT709, "unknown": by_size, "unspecified": by_size}
    known |= dict.fromkeys(_BT601, ColourMatrix.BT601)
    hdr = transfer in _HDR
    converts = hdr or matrix not in known or not shape[1].startswith(("yuv", "nv", "p0"))
    kept = Colours(known.get(matrix, by_size), full_range)
    duration = next((found for line in said if (found := _DURATION.match(line))), None)
    rate = Fraction(int(configured[3]), int(configured[4])) if int(configured[4]) else Fraction(0)
    sha256, size, kind = file
    return VideoInfo(
        path=path,
        sha256=sha256,
        size=size,
        kind=kind,
        stored=stored,
        width=width // 2 * 2,
        height=height // 2 * 2,
        time_base=Fraction(int(configured[1]), int(configured[2])),
        frame_rate=rate or Fraction(25),
        duration=_seconds(duration) if duration else None,
        colours=Colours(ColourMatrix.BT709) if converts else kept,
        tags=_tags(colour, kept.matrix, converts=converts),
        hdr=hdr,
        interlaced=shape[6] != "P",
        converts=converts,
        audio=tuple(AudioStream(int(one[1])) for one in streams if one[2] == "Audio")[:1],
        beside=_beside(said, streams),
        texts=_texts(said),
    )


_USUAL = {
    ColourMatrix.BT709: ("bt709", "bt709", "bt709"),
    ColourMatrix.BT601: ("smpte170m", "smpte170m", "smpte170m"),
}
_PRIMARIES = {"bt709", "bt470m", "bt470bg", "smpte170m", "smpte240m"}
_TRANSFERS = {"bt709", "gamma22", "gamma28", "smpte170m", "smpte240m", "iec61966-2-1"}


def _tags(colour: re.Match[str], matrix: ColourMatrix, *, converts: bool) -> tuple[str, str, str]:
    """What players are told; where the file says nothing, what they would have taken it for."""
    if converts:
        return _USUAL[ColourMatrix.BT709]
    primaries, transfer, own = _USUAL[matrix]
    return (
        colour[3] if colour[3] in _PRIMARIES else primaries,
        colour[4] if colour[4] in _TRANSFERS else transfer,
        colour[2] if colour[2] in {"bt709", *_BT601} else own,
    )


def _beside(said: Sequence[str], streams: Sequence[re.Match[str]]) -> tuple[Beside, ...]:
    found, videos, sounds = [], 0, 0
    kinds = {
        "Subtitle": BesideKind.SUBTITLES,
        "Data": BesideKind.DATA,
        "Attachment": BesideKind.ATTACHMENT,
    }
    for one in streams:
        index, kind = int(one[1]), one[2]
        if kind == "Video" and "(attached pic)" in one[3]:
            found.append(Beside(BesideKind.COVER, index))
        elif kind == "Video":
            videos += 1
            found += [Beside(BesideKind.VIDEO, index)] if videos > 1 else []
        elif kind == "Audio":
            sounds += 1
            found += [Beside(BesideKind.AUDIO, index)] if sounds > 1 else []
        else:
            found.append(Beside(kinds.get(kind, BesideKind.DATA), index))
    if any(_CHAPTER.match(line) for line in said):
        found.append(Beside(BesideKind.CHAPTERS, -1))
    return tuple(found)


def _texts(said: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
    texts: dict[str, list[str]] = {}
    for line in said:
        found = _TEXT.match(line)
        if found and found[1].lower() not in _TECHNICAL and found[2].strip():
            texts.setdefault(printable(found[1]), []).append(printable(found[2]).strip())
    return {where: tuple(dict.fromkeys(values)) for where, values in texts.items()}


def _seconds(found: re.Match[str]) -> Fraction:
    return Fraction(int(found[1]) * 3600 + int(found[2]) * 60) + Fraction(found[3])


def frames(
    info: VideoInfo,
    *,
    start: Fraction | None = None,
    stop: Fraction | None = None,
    limits: VideoLimits = _DEFAULT_LIMITS,
) -> Generator[VideoFrame, None, None]:
    """The frames of a video, each once, in the order in which they are shown.

    To be closed by whoever does not want all of them. The arrays of a frame are its own.

    Args:
        info: the video, as `open_video` gave it.
        start: the time of a frame, to begin there; None for the first one. The indices then
            begin at 0 with that one.
        stop: give none from this time on; None for all.
        limits: what the video may cost.

    Raises:
        VideoTooLargeError: it is longer than `limits` allow.
        VideoUnreadableError: it is damaged or cut off, its times run backwards, or it is
            not the file that was opened.
        BackendMissingError: ffmpeg is not there.
    """
    _check_unchanged(info)
    given = 0
    for frame in _decoded(info, start, limits):
        if start is not None and frame.time < start:
            continue
        if start is not None and given == 0 and frame.time > start:
            # Not every kind of file can be entered at any place.
            yield from _from_the_beginning(info, start, stop, limits)
            return
        if stop is not None and frame.time >= stop:
            return
        yield dataclasses.replace(frame, index=given)
        given += 1
    if given == 0:
        raise _named(info.path, VideoUnreadableError("it shows nothing at that time"))
    _check_unchanged(info)


def _from_the_beginning(
    info: VideoInfo, start: Fraction, stop: Fraction | None, limits: VideoLimits
) -> Generator[VideoFrame, None, None]:
    given = 0
    for frame in frames(info, stop=stop, limits=limits):
        if frame.time >= start:
            yield dataclasses.replace(frame, index=given)
            given += 1


def frame_at(info: VideoInfo, time: Fraction) -> VideoFrame:
    """The frame that begins at a time.

    Raises:
        VideoUnreadableError: there is none, or the video cannot be read.
    """
    shown = frames(info, start=time)
    try:
        frame = next(shown)
    finally:
        shown.close()
    if frame.time != time:
        raise _named(info.path, VideoUnreadableError("no frame begins at that time"))
    return frame


_JUMP = Fraction(1, 1000)


def _decoded(
    info: VideoInfo, start: Fraction | None, limits: VideoLimits
) -> Generator[VideoFrame, None, None]:
    """The frames from about `start` on."""
    told: queue.SimpleQueue[tuple[int, int | None]] = queue.SimpleQueue()

    def heard(line: str) -> None:
        if found := _FRAME.match(line):
            told.put((int(found[1]), None if found[2] == "NOPTS" else int(found[2])))

    seek = [] if start is None else ["-ss", f"{max(0.0, float(start - _JUMP)):.6f}"]
    arguments = [
        *seek,
        *("-copyts", *_input(info.path, info.kind, limits)),
        *("-map", "0:V:0", "-an", "-vf", _filters(info), "-fps_mode", "passthrough"),
        *("-pix_fmt", "yuv420p", "-f", "rawvideo", "-"),
    ]
    luma, chroma = info.width * info.height, info.width * info.height // 4
    last: Fraction | None = None
    with Ffmpeg(arguments, gives=True, on_line=heard) as child:
        for number in range(limits.frames + 1):
            samples = np.empty(luma + 2 * chroma, np.uint8)
            read = child.read(samples.data)
            if not read:
                break
            # ffmpeg says it before it writes the frame, and its line may still be on the way.
            count, unit = told.get(timeout=STALLED) if read == len(samples) else (-1, None)
            if count != number or unit is None:
                raise _damaged(info, child, last)
            time = unit * info.time_base
            if last is not None and time <= last:
                raise _named(
                    info.path, VideoUnreadableError("its times run backwards; save it again as MP4")
                )
            if time > limits.seconds or number == limits.frames:
                raise _too_long(info, limits)
            last = time
            yield _frame(info, number, time, samples)
        with child.waited_for():
            code = child.finish()
        if code or child.has_stalled or child.complaints:
            raise _damaged(info, child, last)


def _frame(
    info: VideoInfo, number: int, time: Fraction, samples: npt.NDArray[np.uint8]
) -> VideoFrame:
    luma, rows, columns = info.width * info.height, info.height // 2, info.width // 2
    blue, red = samples[luma:].reshape(2, rows, columns)
    return VideoFrame(
        number, time, samples[:luma].reshape(info.height, info.width), blue, red, info.colours
    )


def _filters(info: VideoInfo) -> str:
    """Upright, with square pixels, even, of one size from beginning to end."""
    colours = info.colours
    matrix = {ColourMatrix.BT709: "bt709", ColourMatrix.BT601: "smpte170m"}[colours.matrix]
    into = f":out_color_matrix={matrix}:out_range={'full' if colours.full_range else 'limited'}"
    width, height = info.stored
    square = round(width * Fraction(info.width + 1, width)) // 2 * 2
    chain = ["bwdif=mode=send_frame"] if info.interlaced else []
    chain += [*_TO_SDR] if info.hdr else []
    if abs(square - width) <= 1:
        # Odd ones lose a row or a column, and no pixel is mixed with another.
        chain.append(f"scale={width}:{height}{into if info.converts else ''}")
    else:
        chain.append(f"scale={info.width}:{height}{into}")
    chain += ["format=yuv420p", f"crop={info.width}:{info.height}:0:0", "setsar=1"]
    return ",".join([*chain, "showinfo=checksum=0"])


def _input(path: Path, kind: str, limits: VideoLimits) -> list[str]:
    return [
        *("-protocol_whitelist", "file,pipe", "-max_pixels", str(limits.pixels)),
        *("-f", kind, "-i", local(path)),
    ]


def _fingerprint(path: Path) -> tuple[str, tuple[int, int]]:
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _named(
            path, VideoUnreadableError("cannot be opened ({reason})", reason=error.strerror or "")
        ) from error
    return digest, (status.st_size, status.st_mtime_ns)


def _check_unchanged(info: VideoInfo) -> None:
    try:
        status = info.path.stat()
    except OSError as error:
        raise _named(
            info.path,
            VideoUnreadableError("cannot be opened ({reason})", reason=error.strerror or ""),
        ) from error
    if (status.st_size, status.st_mtime_ns) != info.size:
        raise _named(
            info.path,
            VideoUnreadableError("it was changed while it was looked at; run the command again"),
        )


def _damaged(info: VideoInfo, child: Ffmpeg, last: Fraction | None) -> VideoUnreadableError:
    with child.waited_for():
        child.stop()
    reason = "it took too long" if child.has_stalled else child.complaint
    cause = VideoUnreadableError(
        "it is damaged or cut off after {seconds} s ({reason}); fetch it again from its source, "
        "or save it again as MP4",
        reason=reason,
        seconds=round(float(last or 0), 1),
    )
    return _named(info.path, cause)


def _not_real(path: Path, reason: str) -> VideoUnreadableError:
    cause = VideoUnreadableError(
        "it is damaged, cut off or not a real video ({reason}); fetch it again from its source",
        reason=reason,
    )
    return _named(path, cause)


def _too_long(info: VideoInfo, limits: VideoLimits) -> VideoTooLargeError:
    return VideoTooLargeError(
        "{name}: it is longer than {hours} hours or {frames} frames; cut it in parts",
        name=printable(info.path.name),
        hours=limits.seconds // 3600,
        frames=limits.frames,
    )


def _named(path: Path, cause: VideoUnreadableError) -> VideoUnreadableError:
    """The error, with the name of the file before it."""
    return type(cause)("{name}: {cause}", name=printable(path.name), cause=cause)
