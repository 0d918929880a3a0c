"""The streams and the texts of a video, as ffmpeg tells of them."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, NamedTuple

from detector.video_info import AudioStream, Beside, BesideKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from fractions import Fraction

_TAG = re.compile(r"\(([A-Za-z0-9_]{4}) / 0x[0-9A-F]{8}\)")


@dataclasses.dataclass(slots=True)
class Stream:
    """One stream of the file."""

    index: int
    media: str = ""
    codec: str = ""
    width: int = 0
    height: int = 0
    sample_rate: int = 0
    line: str = ""
    tags: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def is_cover(self) -> bool:
        """Whether it is a picture that stands for the file."""
        words = ("(attached pic)", "(still image)", "(timed thumbnails)")
        return any(word in self.line for word in words)

    @property
    def is_default(self) -> bool:
        """Whether players show it without being asked to."""
        return "(default)" in self.line

    @property
    def title(self) -> str:
        """What it is called, in the file's words."""
        named = {name.lower(): text for name, text in self.tags.items()}
        keys = ["title", "filename", "name"]
        # Of pictures and sounds it is the name of a program; of readings, that of the camera.
        keys += ["handler_name"] if self.media == "data" else []
        return next((named[key] for key in keys if key in named), "")


class Tags(NamedTuple):
    """The texts of a file, of each of its streams and of each chapter."""

    whole: dict[str, str]
    streams: list[dict[str, str]]
    chapters: list[dict[str, str]]


def described(facts: str) -> list[Stream]:
    """The streams, by the head of a test of packets (`framecrc`)."""
    streams: dict[int, Stream] = {}
    for line in facts.splitlines():
        found = re.fullmatch(r"#(\w+) (\d+): (.*)", line)
        if not found or found[1] == "extradata":
            continue
        stream = streams.setdefault(int(found[2]), Stream(int(found[2])))
        match found[1]:
            case "media_type":
                stream.media = found[3]
            case "codec_id":
                stream.codec = found[3]
            case "sample_rate":
                stream.sample_rate = int(found[3])
            case "dimensions":
                stream.width, stream.height = (int(number) for number in found[3].split("x"))
    return [streams[index] for index in sorted(streams)]


def read_tags(content: bytes) -> Tags:
    """Reads ffmpeg's format for metadata, in which texts are escaped by a backslash."""
    tags = Tags({}, [], [])
    current = tags.whole
    for line in _logical_lines(content.decode("utf-8", "replace")):
        if line in {"[STREAM]", "[CHAPTER]"}:
            current = {}
            (tags.streams if line == "[STREAM]" else tags.chapters).append(current)
        elif not line.startswith((";", "#")):
            key, equals, value = _split(line)
            if equals:
                current[key] = value
    for chapter in tags.chapters:
        for name in ("TIMEBASE", "START", "END"):
            chapter.pop(name, None)
    return tags


def _logical_lines(text: str) -> Iterator[str]:
    """Lines that end at a line feed without a backslash before it; escapes stay."""
    for found in re.finditer(r"(?:\\.|[^\\\n])+", text, re.DOTALL):
        yield found[0]


def _split(line: str) -> tuple[str, str, str]:
    found = re.match(r"((?:\\.|[^\\=])*)(=?)", line, re.DOTALL)
    assert found is not None  # noqa: S101 - it matches nothing as well
    value = line[found.end() :]
    return _unescaped(found[1]), found[2], _unescaped(value)


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


def beside_of(streams: list[Stream], judged: Stream, tags: Tags) -> tuple[Beside, ...]:
    """What the file holds beside its judged pictures and its sound."""
    kinds = {
        "subtitle": BesideKind.SUBTITLES,
        "attachment": BesideKind.ATTACHMENT,
        "video": BesideKind.VIDEO,
    }
    found = [
        Beside(
            BesideKind.COVER if each.is_cover else kinds.get(each.media, BesideKind.DATA),
            each.index,
            _named_codec(each),
            each.title,
        )
        for each in streams
        if each.media != "audio" and each is not judged
    ]
    if ", Closed Captions" in judged.line:
        found.append(Beside(BesideKind.SUBTITLES, -1, "eia_608", ""))
    if tags.chapters:
        titles = [chapter.get("title", "") for chapter in tags.chapters]
        found.append(Beside(BesideKind.CHAPTERS, -1, "", " / ".join(filter(None, titles))))
    return tuple(found)


def _named_codec(stream: Stream) -> str:
    if stream.media != "data":
        return stream.codec
    tag = _TAG.search(stream.line)
    return tag[1] if tag else stream.codec


def texts_of(tags: Tags) -> dict[str, str]:
    """All texts by name, as `VideoInfo` says."""
    texts = dict(tags.whole)
    for index, stream in enumerate(tags.streams):
        texts |= {f"{index}:{name}": text for name, text in stream.items()}
    for number, chapter in enumerate(tags.chapters, start=1):
        texts |= {f"chapter {number}:{name}": text for name, text in chapter.items()}
    return texts


def sound_of(stream: Stream, channels: int, start: Fraction) -> AudioStream:
    """A sound; `start` relative to the first picture, in seconds."""
    language = {name.lower(): text for name, text in stream.tags.items()}.get("language", "")
    return AudioStream(stream.index, stream.codec, channels, stream.sample_rate, language, start)
