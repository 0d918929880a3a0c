"""What a test sees on a printed page."""

from __future__ import annotations

import re
from pathlib import Path

import pypdfium2
import zxingcpp
from PIL import Image


def words(path: Path) -> str:
    """All text of a PDF, every run of white space a single blank, soft hyphens gone."""
    with pypdfium2.PdfDocument(path) as document:
        pages = [page.get_textpage().get_text_range() for page in document]
    return squeezed(" ".join(pages))


def squeezed(text: str) -> str:
    """The text with every run of white space as a single blank."""
    return re.sub(r"\s+", " ", text).strip()


def images(path: Path, *, dots_per_inch: int = 150) -> list[Image.Image]:
    """Each page as it is seen."""
    with pypdfium2.PdfDocument(path) as document:
        return [page.render(scale=dots_per_inch / 72).to_pil() for page in document]


def codes(image: Image.Image) -> list[str]:
    """What the QR codes on a page say."""
    return [code.text for code in zxingcpp.read_barcodes(image)]
