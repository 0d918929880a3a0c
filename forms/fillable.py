"""Squares and boxes that can be filled in on a screen: an AcroForm over the printed form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reportlab.lib.colors import Color, transparent

from forms import sheet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reportlab.pdfgen.canvas import Canvas

    from forms.consent_form import Template

_PEN = Color(0.05, 0.1, 0.5)
_LONGEST = 120
_LABEL = 10.0
"""Points at the top of a framed box in which its label stands."""


def add_fields(
    canvas: Canvas, template: Template, page: int, prefix: str, words: Mapping[str, str]
) -> None:
    """A field over every square and box of a page, empty but for what is printed already.

    Nothing in a field is checked: what comes back is read from the page as it looks, like
    a scan. Names are unique in the file by the prefix; no part of one may hold a period
    (ISO 32000-1, 12.7.3.2), or programs that sign PDFs refuse the file.
    """
    form: Any = canvas.acroForm  # whose stubs want whole points
    for mark in template.marks:
        if mark.page == page:
            form.checkbox(
                name=_partial(f"{prefix}{mark.name}"),
                tooltip=mark.name,
                x=mark.left,
                y=mark.bottom,
                size=mark.size,
                buttonStyle="cross",
                borderWidth=0,
                fillColor=transparent,
                borderColor=transparent,
                textColor=_PEN,
                fieldFlags="",
            )
    for blank in template.blanks:
        if blank.page == page and blank.name not in words:
            height = blank.height - (_LABEL if blank.height > 2 * sheet.BODY else 2)
            form.textfield(
                name=_partial(f"{prefix}{blank.name}.text"),
                tooltip=blank.name,
                x=blank.left + 2,
                y=blank.bottom + 1,
                width=blank.width - 4,
                height=height,
                fontSize=sheet.BODY,
                borderWidth=0,
                fillColor=transparent,
                borderColor=transparent,
                textColor=_PEN,
                maxlen=_LONGEST,
            )


def _partial(name: str) -> str:
    return name.replace(".", ":")
