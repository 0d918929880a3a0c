"""The one typeface of everything we print, embedded so that paper looks the same everywhere."""

from __future__ import annotations

import unicodedata
from pathlib import Path

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

REGULAR = "NotoSans"
BOLD = "NotoSans-Bold"
_FILES = {REGULAR: "NotoSans-Regular.ttf", BOLD: "NotoSans-Bold.ttf"}
_FOLDER = Path(__file__).resolve().parent / "fonts"


def register_typeface() -> None:
    """Make the typeface known to ReportLab; a second call does nothing."""
    for name, file in _FILES.items():
        if name not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(name, str(_FOLDER / file)))
    pdfmetrics.registerFontFamily(REGULAR, REGULAR, BOLD, REGULAR, BOLD)


def legible(text: str) -> str:
    """The text with every character that has no glyph spelled as its number, like [U+738B].

    An empty box in a report would hide that two names differ. Control and
    direction characters are spelled too: they could make a name read as another.
    """
    register_typeface()
    font = pdfmetrics.getFont(REGULAR)
    glyphs = font.face.charToGlyph  # type: ignore[attr-defined]  # a TTFont, which has a face
    composed = unicodedata.normalize("NFC", text)
    return "".join(
        character if ord(character) in glyphs and _is_visible(character) else _spelled(character)
        for character in composed
    )


def _is_visible(character: str) -> bool:
    return unicodedata.category(character) not in {"Cc", "Cf", "Zl", "Zp"}


def _spelled(character: str) -> str:
    return f"[U+{ord(character):04X}]"
