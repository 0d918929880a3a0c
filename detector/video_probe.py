"""Asks ffmpeg what is in a video, so that no text in the file can answer in its place.

Codecs, sizes and times come from its tests of packets (`framecrc`), which print no text of the
file; of the first pictures, from lines marked with a number drawn by lot; titles from its format
for metadata, which escapes them. Only which stream is a cover, and which is shown by default, is
read from its list for people, and a file whose tags imitate a line of it is refused.
"""

from __future__ import annotations

import dataclasses
import re
import secrets
from fractions import Fraction
from typing import TYPE_CHECKING

from detector.errors import VideoTooLargeError, VideoUnreadableError
from detector.ffmpeg import DECODERS, Ffmpeg, FfmpegError, Why, from_file
from detector.untrusted import printable
from detector.video_errors import damaged, no_picture, worded
from detector.video_look import FirstPictures, Look, planned, strange_colours
from detector.video_streams import Stream, Tags, described, read_tags

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from detector.ffmpeg import ChildLimits
    from detector.video_info import VideoLimits
    from detector.video_kinds import Container

STRICT = ("-xerror", "-err_detect", "crccheck+explode")
"""An error ends it: pictures that were repaired are not those that were taken."""
_MOST_TEXT = 4 * 1024**2
_FIRST_PICTURES = 12
"""So many are looked at to see whether fields were put together."""
_LINE = re.compile(r" +Stream #0:(\d+)(?:\[0x[0-9a-f]+\])?(?:\([^)]*\))?: (.*)")
_NEVER = {b"NOPTS", b"-9223372036854775808"}
_UNVIEWABLE = re.compile(r" +DOVI configuration record: .*\bprofile: 5\b")
"""Dolby Vision without pictures that others can show (its compatibility is 0)."""


@dataclasses.dataclass(frozen=True, slots=True)
class Packets:
    """The times of a stream as its packets have them; raw, in units of `time_base`."""

    time_base: Fraction
    count: int
    first: int
    last: int
    end: int


class Probe:
    """Asks about one file."""

    def __init__(
        self,
        path: Path,
        container: Container,
        program: Path,
        limits: VideoLimits,
        child: ChildLimits,
    ) -> None:
        self._path, self._container, self._program = path, container, program
        self._limits, self._child = limits, child

    def streams(self) -> list[Stream]:
        """Every stream, in the order of the file.

        Raises:
            VideoUnreadableError: it cannot be opened, or its tags imitate a list of streams.
            VideoTooLargeError: it has too many.
        """
        everything = ("-map", "0", "-copy_unknown", "-c", "copy", "-t", "0")
        facts = self._output([*everything, *("-f", "framecrc", "pipe:1")])
        streams = described(facts.decode("utf-8", "replace"))
        if len(streams) > self._limits.streams:
            raise VideoTooLargeError(
                "the video has {count} streams, more than {most}; export it again as MP4",
                count=len(streams),
                most=self._limits.streams,
            )
        lines = self._listed()
        for stream in streams:
            if stream.index not in lines:
                raise _imitated()
            stream.line = lines[stream.index]
        return streams

    def tags(self) -> Tags:
        """The texts of the file."""
        everything = ("-map", "0", "-copy_unknown", "-c", "copy", "-t", "0")
        return read_tags(self._output([*everything, "-f", "ffmetadata", "pipe:1"]))

    def _listed(self) -> dict[int, str]:
        """What ffmpeg's list for people says of each stream, and whether it can be believed."""
        asked = self._asked(["-ignore_unknown"], level="info", kept=_MOST_TEXT)
        with worded(self._child), asked as child:
            try:
                child.read_all(0)
            except FfmpegError as error:
                if error.why is not Why.FAILED:  # it fails, since it is told to write nothing
                    raise
            said = child.said
        lines: dict[int, str] = {}
        for line in said:
            if _UNVIEWABLE.match(line):
                raise strange_colours("Dolby Vision 5")
            if found := _LINE.fullmatch(line):
                index, words = int(found[1]), found[2]
                # A stream of several programs is listed with each, in the same words.
                if lines.setdefault(index, words) != words:
                    raise _imitated()
        return lines

    def look(self, stream: Stream) -> Look:
        """Looks at the first pictures, and tries what is planned with them.

        Raises:
            VideoUnreadableError: no picture can be decoded, or its colours are unknown.
            VideoTooLargeError: its pictures are too large.
        """
        self._check_size(stream.width, stream.height)
        if stream.codec not in DECODERS:
            raise VideoUnreadableError(
                "its pictures are coded as {codec}, which is not read; convert it to MP4",
                codec=printable(stream.codec)[:40],
            )
        raw = self._pictures(stream, "null", _FIRST_PICTURES, turned=False)
        look = planned(raw)
        self._check_size(look.width, look.height)
        made = self._pictures(stream, look.filters, 1, turned=True)
        if (made.size, made.pixels) != ((look.width, look.height), "yuv420p"):
            raise VideoUnreadableError(
                "its pictures cannot be made upright; export it again as MP4"
            )
        return dataclasses.replace(look, first=made.first)

    def packets(self, stream: Stream) -> Packets:
        """Goes through all packets of the stream, without decoding them.

        Raises:
            VideoUnreadableError: they cannot be read, or none has a time.
            VideoTooLargeError: too many, or over too long a time.
        """
        copied = ("-map", f"0:{stream.index}", "-c", "copy", "-copyinkf", "-f", "framecrc")
        with worded(self._child), self._asked([*copied, "pipe:1"], strict=True) as child:
            found = self._counted(child.lines())
            child.finish()
            refuse_complaints(child.said)
        return found

    def _counted(self, lines: Iterator[bytes]) -> Packets:
        base, count, first, last, end = Fraction(0), 0, None, 0, 0
        for line in lines:
            if line.startswith(b"#tb"):
                base = Fraction(line.split(b":", 1)[1].strip().decode())
            if line.startswith(b"#"):
                continue
            fields = [field.strip() for field in line.split(b",")]
            if len(fields) < 6 or _is_discarded(fields[6:]):  # noqa: PLR2004 - stream to checksum
                continue
            count += 1
            shown = next((int(time) for time in (fields[2], fields[1]) if time not in _NEVER), None)
            if shown is None:
                continue
            lasts = max(0, int(fields[3]))
            first = shown if first is None else min(first, shown)
            last, end = max(last, shown), max(end, shown + lasts)
            check_length(self._limits, count, (last - first) * base)
        if first is None or base <= 0:
            raise no_picture()
        return Packets(base, count, first, max(last, first), max(end, first))

    def sound(self, stream: Stream) -> tuple[int, Fraction | None]:
        """How many channels a sound has, and when its first sample is heard, in raw seconds.

        (0, None) where it cannot be decoded.
        """
        heard = ("-map", f"0:{stream.index}", "-frames:a", "1", "-c:a", "pcm_s16le")
        try:
            facts = self._output([*heard, "-f", "framecrc", "pipe:1"]).decode()
            base = Fraction(_after(facts, "#tb 0:"))
            line = next(line for line in facts.splitlines() if not line.startswith("#"))
            _, _, shown, samples, size = (int(field) for field in line.split(",")[:5])
            return size // (2 * samples), shown * base
        except (VideoUnreadableError, StopIteration, ValueError, ArithmeticError):
            return 0, None

    def _pictures(self, stream: Stream, filters: str, count: int, *, turned: bool) -> FirstPictures:
        mark = secrets.token_hex(8)
        shown = f"{filters},showinfo@{mark}=checksum=0"
        asked = self._asked(
            [
                *("-map", f"0:{stream.index}", "-frames:v", str(count), "-vf", shown),
                *("-fps_mode", "passthrough", "-c:v", "rawvideo", "-f", "null", "pipe:1"),
            ],
            before=["-autorotate" if turned else "-noautorotate", *self._decoding()],
            level="info",
            kept=_MOST_TEXT,
        )
        with worded(self._child), asked as child:
            child.read_all(0)
            lines = [line for line in child.said if f"showinfo@{mark} " in line[:64]]
        return FirstPictures.read(lines)

    def _decoding(self) -> list[str]:
        return [
            "-max_pixels",
            str(self._limits.decoded_pixels),
            "-threads",
            str(self._child.threads),
        ]

    def _asked(
        self,
        arguments: list[str],
        *,
        before: list[str] | None = None,
        level: str = "error",
        kept: int = 64 * 1024,
        strict: bool = False,
    ) -> Ffmpeg:
        return Ffmpeg(
            [
                *(STRICT if strict else ()),
                *(before or self._decoding()),
                "-copyts",
                *from_file(self._path, self._container.value),
                *arguments,
            ],
            program=self._program,
            level=level,
            kept=kept,
            limits=self._child,
        )

    def _output(self, arguments: list[str]) -> bytes:
        with worded(self._child), self._asked(arguments) as child:
            return child.read_all(_MOST_TEXT)

    def _check_size(self, width: int, height: int) -> None:
        if width * height > self._limits.pixels or max(width, height) > self._limits.side:
            raise VideoTooLargeError(
                "its pictures are {width} x {height} pixels, more than {most} million or longer "
                "than {side}; export a smaller version",
                width=width,
                height=height,
                most=round(self._limits.pixels / 1e6),
                side=self._limits.side,
            )


def check_length(limits: VideoLimits, pictures: int, seconds: Fraction) -> None:
    """That there are not too many pictures, over not too long a time.

    Raises:
        VideoTooLargeError: there are.
    """
    if pictures > limits.pictures or seconds > limits.seconds:
        raise VideoTooLargeError(
            "the video is longer than {hours} hours or has more than {pictures} pictures; cut it",
            hours=round(limits.seconds / 3600, 1),
            pictures=limits.pictures,
        )


def refuse_complaints(said: tuple[str, ...]) -> None:
    """That the file was read without an error: one before the last picture only warns.

    Raises:
        VideoUnreadableError: there was one.
    """
    for line in said:
        if line.startswith("[in#0"):
            words = " ".join(re.sub(r"\[[^\]]*\]", "", line).split())
            raise damaged(printable(words)[:160])


def _is_discarded(rest: list[bytes]) -> bool:
    flags = next((int(field[2:], 16) for field in rest if field.startswith(b"F=0x")), 0)
    return bool(flags & 0x4)  # AV_PKT_FLAG_DISCARD: outside of the edit list


def _after(text: str, start: str) -> str:
    return next(line.removeprefix(start).strip() for line in text.splitlines() if start in line)


def _imitated() -> VideoUnreadableError:
    return VideoUnreadableError(
        "its tags imitate a list of what is in it; export it again without metadata"
    )
