"""Pages with a head and a foot that say how many pages there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas


class NumberedCanvas(Canvas):
    """Puts head and foot on each page; how many pages there are is known only at the end.

    `draw` is called with the canvas, the page's number and how many there are.
    """

    def __init__(
        self, *arguments: Any, draw: Callable[[Canvas, int, int], None], **settings: Any
    ) -> None:
        super().__init__(*arguments, **settings)
        self._draw = draw

    def showPage(self) -> None:  # noqa: N802
        """Finish a page, pointing to a margin that is drawn by `save`."""
        self.doForm(f"margin{self.getPageNumber()}")
        super().showPage()

    def save(self) -> None:
        """Draw every page's margin, then write the file."""
        pages = self.getPageNumber() - 1
        for page in range(1, pages + 1):
            self.beginForm(f"margin{page}", 0, 0, *A4)
            self._draw(self, page, pages)
            self.endForm()
        super().save()
