"""Draws the pages of a PDF: what runs in the child process of `forms.pdf_pages`.

Run as a file of its own, it imports neither our rooms nor numpy, so that it starts in a tenth
of a second and needs little memory. Standard input brings one line of JSON with the limits, and
the document; it stays open for as long as somebody waits for pages. Standard output takes one
line of JSON about the document, then for each page one about the page and its pixels.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from typing import TYPE_CHECKING, Any

import pypdfium2
from pypdfium2 import raw

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGER_SIDE = 3300
"""Of a page that was drawn, in pixels: A4 at 280 dpi. Finer scans are read no better."""
_FINEST_DPI = 300
_POINTS = 72
_COVERED = 0.5
"""Share of a page that the picture of a scan covers; the form itself holds none."""
_LONGEST = 14_400
"""Side of a page in points, five metres: what ISO 32000-1, annex C, calls the most."""


class _RefusedError(Exception):
    """What the parent tells of: a name of `forms.pdf_pages.Refusal`, and the cause in words."""

    def __init__(self, why: str, reason: str = "") -> None:
        super().__init__(why)
        self.told = {"refused": why, "reason": reason}


def main() -> None:
    """Answer standard input; the process ends with the last page or the first refusal."""
    limits = json.loads(sys.stdin.buffer.readline())
    _limit_memory(limits["memory"])
    data = sys.stdin.buffer.read(limits["bytes"])
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    try:
        _draw(data, limits)
    except _RefusedError as error:
        _tell(error.told)
    except pypdfium2.PdfiumError as error:
        _tell({"refused": "damaged", "reason": str(error) or type(error).__name__})
    except MemoryError:
        _tell({"refused": "broken", "reason": ""})


def _limit_memory(most: int) -> None:
    """Let this process have so many bytes at most, where the platform can do that."""
    try:
        import resource
    except ImportError:
        # Windows limits processes in job objects only, which Python does not offer.
        return
    # The core of a process that was broken would hold the scan.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # macOS takes the limit and does not keep it.
    if sys.platform == "linux":
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(resource.RLIMIT_AS, (allowed, hard))


def _end_with_the_parent() -> None:
    """End in the midst of a page when the parent is gone, however it went."""
    # Not `sys.stdin`: at the end of the process nobody may hold its lock.
    os.read(0, 1)
    os._exit(1)


def _draw(data: bytes, limits: Mapping[str, Any]) -> None:
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise _RefusedError("password") from error
        raise
    # What was filled in on a screen is drawn only then.
    document.init_forms()
    _tell({"pages": len(document), "fillable": document.formenv is not None})
    for index in range(len(document)):
        page = document[index]
        scanned = _is_scan(page, limits["pixels"])
        _send(page, scanned=scanned)
        page.close()


def _is_scan(page: pypdfium2.PdfPage, most_pixels: int) -> bool:
    """Whether a picture covers the page; neither it nor its pictures together are too large."""
    width, height = page.get_size()
    if not (width > 0 and height > 0):
        raise _RefusedError("no_size")
    if max(width, height) > _LONGEST:
        raise _RefusedError("size", str(round(_LONGEST / _POINTS * 0.0254)))
    pixels, covered = 0, 0.0
    for image in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=4):
        across, down = image.get_px_size()
        pixels += across * down
        if pixels > most_pixels:
            raise _RefusedError("pixels")
        left, bottom, right, top = image.get_bounds()
        covered = max(covered, (right - left) * (top - bottom))
    return bool(covered >= _COVERED * width * height)


def _send(page: pypdfium2.PdfPage, *, scanned: bool) -> None:
    """Draw a page in grey and hand it over.

    The pipe takes little, so that this waits until the page before was read: pages are drawn
    one ahead of the parent and never more.
    """
    scale = min(_LONGER_SIDE / max(page.get_size()), _FINEST_DPI / _POINTS)
    bitmap = page.render(scale=scale, grayscale=True, may_draw_forms=True)
    _tell(
        {
            "width": bitmap.width,
            "height": bitmap.height,
            "stride": bitmap.stride,
            "scanned": scanned,
        }
    )
    sys.stdout.buffer.write(bitmap.buffer)
    sys.stdout.buffer.flush()


def _tell(document: Mapping[str, Any]) -> None:
    sys.stdout.buffer.write(json.dumps(document).encode() + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
