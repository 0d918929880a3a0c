"""Scans of signed forms as pixels, to be shown: the file itself is never shown in a page.

They are opened by what opens scans that are to be read (`forms.scans`): a PDF is drawn in a child
process that can be killed. Whatever is refused there is refused here.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from forms.errors import ScanUnreadableError
from forms.pdf_pages import PdfRefusedError, drawn_pages
from forms.scans import is_pdf, scans_from
from review.errors import InputRefusedError, NotFoundError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

MOST_PAGES = 60
"""Of one form; what has more is saved and looked at elsewhere."""
_MOST_PIXELS = 178_000_000


def evidence_pages(data: bytes, suffix: str) -> int:
    """How many pages of a file can be shown; 0 where it cannot be shown at all."""
    if is_pdf(data):
        pages = drawn_pages(data, most_pages=MOST_PAGES, most_pixels=_MOST_PIXELS)
        with contextlib.closing(pages), contextlib.suppress(PdfRefusedError):
            return next((one.pages for one in pages), 0)
        return 0
    try:
        return sum(1 for _ in scans_from(data, Path(f"scan{suffix}")))
    except ScanUnreadableError:
        return 0


def evidence_page(data: bytes, suffix: str, number: int) -> npt.NDArray[np.uint8]:
    """A page of a file: grey, shape (height, width), 0 to 255.

    Args:
        data: the file.
        suffix: the kind of file that its name once said.
        number: of the page, from 1.

    Raises:
        NotFoundError: there is no such page.
        InputRefusedError: the file cannot be shown.
    """
    scans = scans_from(data, Path(f"scan{suffix}"))
    try:
        for scan in scans:
            if scan.number == number:
                return scan.grey
            if scan.number >= MOST_PAGES:
                break
    except ScanUnreadableError as error:
        raise InputRefusedError(
            "the scan cannot be shown here; save it, and open it elsewhere"
        ) from error
    finally:
        # What draws the pages is a process.
        scans.close()
    raise NotFoundError("there is no such page")
