"""What a page of a report is made of: foreign text made safe, rows, pictures."""

from __future__ import annotations

import base64
import io
from html import escape
from typing import TYPE_CHECKING

from PIL import Image

from forms.typeface import legible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from detector.faces import Pixels


def as_text(words: str) -> str:
    """Foreign text as HTML: every character is seen, none is obeyed."""
    return escape(legible(words), quote=True)


def strong(words: str) -> str:
    """Foreign text that must not be overlooked."""
    return f"<b>{as_text(words)}</b>"


def row(cells: Iterable[str], tag: str = "td") -> str:
    """A row of a table; the cells are HTML."""
    return f"<tr>{''.join(f'<{tag}>{cell}</{tag}>' for cell in cells)}</tr>\n"


def fact_rows(rows: Sequence[tuple[str, str]]) -> str:
    """Labels and their values; the values are HTML."""
    cells = (f"<tr><th>{as_text(label)}</th><td>{fact}</td></tr>\n" for label, fact in rows)
    return f'<table class="facts">\n{"".join(cells)}</table>\n'


def as_data(pixels: Pixels) -> str:
    """The picture as an address that holds it."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=80)
    return f"data:image/jpeg;base64,{base64.b64encode(stream.getvalue()).decode('ascii')}"
