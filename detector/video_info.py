"""What a video says of itself before its pictures are looked at."""

from __future__ import annotations

import dataclasses
import enum
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from detector.video_frames import Colours

if TYPE_CHECKING:
    from collections.abc import Mapping

    from detector.ffmpeg import ChildLimits
    from detector.video_kinds import Container

MAX_FILE_BYTES = 256 * 1024**3
MAX_PIXELS = 8192 * 4320
"""Of one picture: the largest size that H.264 and HEVC have levels for (H.265, table A.8)."""
MAX_SIDE = 8192
MAX_SECONDS = 12 * 3600
MAX_PICTURES = 12 * 3600 * 60
"""Twelve hours at 60 pictures a second."""
MAX_ANIMATION_PIXELS = 20 * 10**9
"""Of all pictures of a GIF, WebP or APNG together: two and a half minutes of 1920 x 1080 at 60 a
second. A file of a megabyte can hold thousands of times as many."""
MAX_STREAMS = 64
FILTER_REACH = 4
"""Pixels of a picture that was made smaller, so far from one of them at most is what the filter
mixed into it: two samples, which of colour are four pixels (`VideoInfo.smaller`)."""


@dataclasses.dataclass(frozen=True, slots=True)
class VideoLimits:
    """What a video may cost; more is refused.

    Attributes:
        file_bytes: of the file.
        pixels: of one picture, as it is shown.
        side: the longer side of a picture.
        seconds: from its first to its last picture.
        pictures: in all.
        animation_pixels: of all pictures together, of a GIF, WebP or APNG.
        streams: pictures, sounds, subtitles and so on.
        silence: seconds for which the program that decodes may be silent.
    """

    file_bytes: int = MAX_FILE_BYTES
    pixels: int = MAX_PIXELS
    side: int = MAX_SIDE
    seconds: int = MAX_SECONDS
    pictures: int = MAX_PICTURES
    animation_pixels: int = MAX_ANIMATION_PIXELS
    streams: int = MAX_STREAMS
    silence: float = 60.0

    @property
    def decoded_pixels(self) -> int:
        """Of one picture in the decoder, which makes both sides multiples of up to 64."""
        return self.pixels + 128 * self.side + 64 * 64


class BesideKind(enum.StrEnum):
    """What a video holds beside the pictures that are judged and its sound."""

    SUBTITLES = "subtitles"
    CHAPTERS = "chapters"
    DATA = "data"
    """Time codes, places, readings of the camera."""
    ATTACHMENT = "attachment"
    COVER = "cover"
    VIDEO = "video"
    """A further video stream."""


@dataclasses.dataclass(frozen=True, slots=True)
class Beside:
    """Something that is neither judged nor exported.

    Attributes:
        kind: see `BesideKind`.
        index: of its stream in the file; -1 for what is in no stream of its own.
        codec: how it is coded, for example `subrip` or `tmcd`; may be empty.
        title: what it is called, in the file's own words; may be empty.
    """

    kind: BesideKind
    index: int
    codec: str
    title: str


@dataclasses.dataclass(frozen=True, slots=True)
class AudioStream:
    """A sound of a video.

    Attributes:
        index: of its stream in the file.
        codec: how it is coded.
        channels: how many; 0 where it cannot be decoded.
        sample_rate: samples per second.
        language: as the file has it, mostly three letters; may be empty.
        start: when its first sample that is heard follows the first picture, in seconds;
            negative where it is heard before.
    """

    index: int
    codec: str
    channels: int
    sample_rate: int
    language: str
    start: Fraction


@dataclasses.dataclass(frozen=True, slots=True)
class FileStamp:
    """What changes with whatever is written into a file."""

    device: int
    number: int
    size: int
    modified_ns: int
    changed_ns: int


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class VideoInfo:
    """A video that was opened. Nothing in it came from text that its metadata could forge.

    Time 0 of the presentation is when the first picture is shown or the first sound is heard,
    whichever is earlier; edit lists are obeyed.

    Attributes:
        path: of the file.
        sha256: of its bytes, hexadecimal.
        container: the kind of file.
        codec: of the pictures, as ffmpeg names it.
        width: of a picture as it is given: upright, with square pixels; even.
        height: likewise.
        time_base: in which the file counts, in seconds.
        frame_rate: pictures per second in the mean; exact where it is constant.
        duration: until the last picture is over, in seconds; None where the file does not say.
        colours: of the pictures as they are given.
        hdr: whether they were more than a usual screen shows, and are made darker.
        interlaced: whether they were made of two fields, and are put together.
        rotated: by how many degrees they were turned to the left to stand upright.
        audio: its sounds.
        beside: what else is in the file.
        texts: what the file says of itself and of its parts, by name: `title` of the whole,
            `1:handler_name` of stream 1, `chapter 1:title`. The words are the file's.
        start: when the first picture is shown.
        pictures: how many the file lists; what is shown can be a few more or less.
        stream: the number of the stream that is judged.
        origin: what the file calls time 0, in seconds.
        filters: what ffmpeg does to the pictures.
        stamp: of the file when it was opened.
        program: the ffmpeg that was asked.
        limits: what the video may cost.
    """

    path: Path
    sha256: str
    container: Container
    codec: str
    width: int
    height: int
    time_base: Fraction
    frame_rate: Fraction
    duration: Fraction | None
    colours: Colours
    hdr: bool
    interlaced: bool
    rotated: int
    audio: tuple[AudioStream, ...]
    beside: tuple[Beside, ...]
    texts: Mapping[str, str] = dataclasses.field(repr=False)
    start: Fraction
    pictures: int
    stream: int
    origin: Fraction
    filters: str
    stamp: FileStamp
    program: Path
    limits: VideoLimits
    child: ChildLimits

    def smaller(self, width: int, height: int) -> VideoInfo:
        """The same video, whose pictures are given in another size.

        They are made smaller while they are decoded. A pixel then holds something of what lies
        within `FILTER_REACH` of it: bicubic interpolation, which takes in two samples on each
        side (R. Keys 1981, "Cubic convolution interpolation for digital image processing"),
        stretched by as much as the picture is made smaller.

        Args:
            width: of a picture; even, and no more than now.
            height: likewise.

        Raises:
            ValueError: it is another size than that.
        """
        fits = 0 < width <= self.width and 0 < height <= self.height
        if not fits or width % 2 or height % 2:
            raise ValueError("not a smaller size of even sides")
        matrix, range_ = self.colours.matrix.value, "pc" if self.colours.full_range else "tv"
        same = f"in_color_matrix={matrix}:out_color_matrix={matrix}"
        step = f"scale={width}:{height}:flags=bicubic+accurate_rnd:{same}"
        ranges = f"in_range={range_}:out_range={range_}"
        filters = f"{self.filters},{step}:{ranges},setsar=1,format=yuv420p"
        return dataclasses.replace(self, width=width, height=height, filters=filters)
