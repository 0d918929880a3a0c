"""Pictures of pages as small files: what a guide shows is carried by everybody who clones it."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageFilter

LARGEST = 80_000
_COLOURS = (128, 112, 96, 80, 64, 48, 32)
_OF_THE_PAGE = 24
_GRAIN = 12


def small_png(seen: Image.Image) -> bytes:
    """A page as a PNG of at most 128 colours; of fewer where photos fill it.

    Args:
        seen: the page as a browser drew it.

    Returns:
        less than `LARGEST` bytes wherever 32 colours are few enough for that.
    """
    calm = _without_grain(_without_grain(seen.convert("RGB")))
    for colours in _COLOURS:
        stream = io.BytesIO()
        few = calm.quantize(palette=_palette(calm, colours), dither=Image.Dither.NONE)
        few.save(stream, "PNG", optimize=True)
        if stream.tell() < LARGEST:
            break
    return stream.getvalue()


def _without_grain(picture: Image.Image) -> Image.Image:
    """Noise of photos made even; letters and edges differ by more and stay as they are."""
    sharp = np.asarray(picture, np.int16)
    even = np.asarray(picture.filter(ImageFilter.MedianFilter(5)), np.int16)
    alike = np.abs(sharp - even).max(axis=2, keepdims=True) <= _GRAIN
    return Image.fromarray(np.where(alike, even, sharp).astype(np.uint8))


def _palette(picture: Image.Image, colours: int) -> Image.Image:
    """The page's own colours, then what there is much of, then what differs most."""
    common = sorted(picture.getcolors(2**24) or (), reverse=True)[:_OF_THE_PAGE]
    found = [value for _, colour in common for value in colour]  # type: ignore[attr-defined]
    half = (colours - len(common)) // 2
    for method in (Image.Quantize.MEDIANCUT, Image.Quantize.MAXCOVERAGE):
        found += (picture.quantize(half, method).getpalette() or [])[: 3 * half]
    palette = Image.new("P", (1, 1))
    palette.putpalette(found)
    return palette
