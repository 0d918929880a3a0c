"""Text from outside, made safe to show."""

from __future__ import annotations

import unicodedata


def printable(untrusted: str) -> str:
    """The text without characters that would move a cursor, turn a line, or forge one.

    They are spelled out by their number, an escape as 1b.
    """
    return "".join(f"\\x{ord(char):02x}" if _steers(char) else char for char in untrusted)


def _steers(char: str) -> bool:
    category = unicodedata.category(char)
    return category in {"Cc", "Cf", "Cs", "Zl", "Zp"}
