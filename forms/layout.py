"""Where everything stands on a printed form, of every version that was ever printed.

The program that prints a form changes; the paper does not. So each version of a form is kept as
it was printed, in `forms/layouts/`: the places of its squares and blanks in every language
(JSON), and the empty pages (PDF). `python -m forms.layout` writes those of the current versions.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from forms.errors import FormUnknownError
from forms.sheet import Blank, Mark

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    Ink = npt.NDArray[np.bool_]

FOLDER = Path(__file__).resolve().parent / "layouts"
DPI = 200
"""At which empty pages are kept and filled ones are read: a square is 28 pixels wide."""
POINT = DPI / 72
"""Pixels in a point of the paper."""
SIZE = (1654, 2339)
"""Width and height of A4 in pixels."""
_PRINT = 160
"""Tone of grey up to which a pixel is print: 0 black, 255 white."""


@dataclasses.dataclass(frozen=True, slots=True)
class Layout:
    """One version of a form in one language, or in two, as it was printed.

    Places are in points from the lower left corner of the page. `first` is the page of the
    PDF, from 0, that shows its first page empty.
    """

    template: str
    version: int
    language: str
    fingerprint: str
    pages: int
    first: int
    marks: tuple[Mark, ...]
    blanks: tuple[Blank, ...]

    @property
    def name(self) -> str:
        """What it is called."""
        return f"{self.template}-{self.version}-{self.language}"

    def printed(self, page: int) -> Ink:
        """What is printed on a page, from 1, without serial, code and institution: bool (h, w)."""
        return _printed(f"{self.template}-{self.version}", self.first + page - 1)

    def near_print(self, page: int, pixels: int) -> Ink:
        """What is printed on a page and what lies so near to it: bool (h, w)."""
        return _near_print(f"{self.template}-{self.version}", self.first + page - 1, pixels)


def grown(ink: Ink, across: int, down: int) -> Ink:
    """The ink and what lies at most so many pixels beside, above or below it: a new array."""
    wider = ink.copy()
    for step in range(1, across + 1):
        wider[:, step:] |= ink[:, :-step]
        wider[:, :-step] |= ink[:, step:]
    higher = wider.copy()
    for step in range(1, down + 1):
        higher[step:] |= wider[:-step]
        higher[:-step] |= wider[step:]
    return higher


def load_layout(template: str, version: int, language: str) -> Layout:
    """The layout of a form that was printed.

    Raises:
        FormUnknownError: no such form was ever printed by this program.
    """
    path = FOLDER / f"{template}-{version}.json"
    if template.isalnum() and path.is_file() and language in (kept := _load(path)):
        return kept[language]
    raise FormUnknownError(
        "There is no form {template}, version {version}, in {language!r}: it is newer than "
        "this program, or of another one.",
        template=template,
        version=version,
        language=language,
    )


@functools.cache
def _load(path: Path) -> Mapping[str, Layout]:
    """Every language of a form, by its name."""
    kept = json.loads(path.read_text(encoding="utf-8"))
    form = {"template": kept["template"], "version": kept["version"]}
    found = {}
    for language, told in kept["languages"].items():
        marks = tuple(Mark(*one) for one in told.pop("marks"))
        blanks = tuple(Blank(*one) for one in told.pop("blanks"))
        found[language] = Layout(**form, language=language, **told, marks=marks, blanks=blanks)
    return found


@functools.lru_cache(maxsize=64)
def _printed(form: str, page: int) -> Ink:
    """A page of the PDF of a form, from 0, as it is printed: bool (h, w)."""
    return drawn((FOLDER / f"{form}.pdf").read_bytes(), page)


@functools.lru_cache(maxsize=64)
def _near_print(form: str, page: int, pixels: int) -> Ink:
    return grown(_printed(form, page), pixels, pixels)


def drawn(document: bytes, page: int) -> Ink:
    """A page of a document of ours, from 0: what is printed on it, bool (h, w)."""
    import pypdfium2

    with pypdfium2.PdfDocument(document) as opened:
        image = opened[page].render(scale=POINT, grayscale=True).to_pil().resize(SIZE)
    # Half a tone counts as print: what is read is blurred more than what was drawn.
    return np.asarray(image) <= _PRINT


def current_layouts(name: str) -> tuple[dict[str, Layout], bytes]:
    """What the program prints now of a form: its layouts by language, and its empty pages."""
    from forms import consent_form
    from forms.variants import variant_named
    from forms.wording import FORM_LANGUAGES

    variant = variant_named(name)
    layouts: dict[str, Layout] = {}
    first = 0
    for language in FORM_LANGUAGES:
        template = consent_form.form_template(language, name)
        layouts[language] = Layout(
            variant.template,
            variant.version,
            language,
            template.fingerprint,
            template.pages,
            first,
            template.marks,
            template.blanks,
        )
        first += template.pages
    return layouts, consent_form.empty_pages(FORM_LANGUAGES, name)


def freeze(folder: Path = FOLDER) -> None:
    """Keep what is printed now for whoever reads it back later."""
    from forms.variants import VARIANTS

    for name, variant in VARIANTS.items():
        layouts, empty = current_layouts(name)
        languages = {
            language: {
                "fingerprint": layout.fingerprint,
                "pages": layout.pages,
                "first": layout.first,
                "marks": [dataclasses.astuple(mark) for mark in layout.marks],
                "blanks": [dataclasses.astuple(blank) for blank in layout.blanks],
            }
            for language, layout in layouts.items()
        }
        document = {
            "template": variant.template,
            "version": variant.version,
            "languages": languages,
        }
        file = folder / f"{variant.template}-{variant.version}"
        file.with_suffix(".json").write_text(_lines(document), encoding="utf-8")
        file.with_suffix(".pdf").write_bytes(empty)


def _lines(document: object) -> str:
    """JSON with a place a line, so that a change of one is a line in a comparison."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return re.sub(r"(?<=\],)(?=\[)|(?<=\[)(?=\[)", "\n", text) + "\n"


if __name__ == "__main__":
    freeze()
