"""Texts out of a file's metadata: of unknown encoding and any length, made fit to be read."""

from __future__ import annotations

from collections.abc import Iterable

MAX_ENTRIES = 500
"""Of a list: people, keywords, places."""
MAX_TEXT = 4000
"""Characters of one text."""

# The ends of texts: spaces, control characters, the byte order mark.
_ENDS = "".join(map(chr, (*range(0x21), *range(0x7F, 0xA1), 0xFEFF)))


def clean(text: str) -> str:
    """The text without blanks and control characters at its ends, at most MAX_TEXT long."""
    return text[: MAX_TEXT * 2].strip(_ENDS)[:MAX_TEXT].rstrip(_ENDS)


def decoded(data: bytes) -> str:
    """Text of unknown encoding: UTF-8 where it can be, else what Windows wrote in the West."""
    data = data[: MAX_TEXT * 8]
    try:
        return clean(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        if error.end == len(data) == MAX_TEXT * 8:  # the bound has cut a letter in two
            return clean(data.decode("utf-8", "ignore"))
        return clean(data.decode("cp1252", "replace"))


def unique(texts: Iterable[str]) -> tuple[str, ...]:
    """The texts that are not empty, each once, in order."""
    return tuple(dict.fromkeys(text for text in texts if text))[:MAX_ENTRIES]


def parts(text: str) -> tuple[str, ...]:
    """What EXIF keeps in one text, separated by semicolons."""
    return unique(map(clean, text.split(";")))


def first(*texts: str) -> str:
    """The first text that is not empty; else the empty one."""
    return next((text for text in texts if text), "")
