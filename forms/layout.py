"""Where everything stands on a printed form, of every version that was ever printed.

The program that prints a form changes; the paper does not. So each version and language is
kept as it was printed, in `forms/layouts/`: the places of its squares and blanks, and a
picture of the empty pages. `python -m forms.layout` writes those of the current version.
"""

from __future__ import annotations

import dataclasses
import functools
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from forms.errors import FormUnknownError
from forms.sheet import Blank, Mark

if TYPE_CHECKING:
    import numpy.typing as npt

    Ink = npt.NDArray[np.bool_]

FOLDER = Path(__file__).resolve().parent / "layouts"
DPI = 200
"""At which empty pages are kept and filled ones are read: a square is 28 pixels wide."""
POINT = DPI / 72
"""Pixels in a point of the paper."""
SIZE = (1654, 2339)
"""Width and height of A4 in pixels."""


@dataclasses.dataclass(frozen=True, slots=True)
class Layout:
    """One version of a form in one language, as it was printed.

    Places are in points from the lower left corner of the page.
    """

    template: str
    version: int
    language: str
    fingerprint: str
    pages: int
    marks: tuple[Mark, ...]
    blanks: tuple[Blank, ...]

    @property
    def name(self) -> str:
        """What it is called, and its file."""
        return f"{self.template}-{self.version}-{self.language}"

    def printed(self, page: int) -> Ink:
        """What is printed on a page, from 1, without serial, code and institution: bool (h, w)."""
        return _printed(self.name)[(page - 1) * SIZE[1] : page * SIZE[1]]

    def near_print(self, page: int, pixels: int) -> Ink:
        """What is printed on a page and what lies so near to it: bool (h, w)."""
        return _near_print(self.name, page, pixels)


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
    path = FOLDER / f"{template}-{version}-{language}.json"
    if not template.isalnum() or not language.isalpha() or not path.is_file():
        raise FormUnknownError(
            "There is no form {template}, version {version}, in {language!r}: it is newer than "
            "this program, or of another one.",
            template=template,
            version=version,
            language=language,
        )
    return _load(path)


@functools.cache
def _load(path: Path) -> Layout:
    told = json.loads(path.read_text(encoding="utf-8"))
    marks = tuple(Mark(**one) for one in told.pop("marks"))
    blanks = tuple(Blank(**one) for one in told.pop("blanks"))
    return Layout(**told, marks=marks, blanks=blanks)


@functools.cache
def _printed(name: str) -> Ink:
    with Image.open(FOLDER / f"{name}.png") as picture:
        # White is stored as one.
        return ~np.asarray(picture.convert("1"))


@functools.cache
def _near_print(name: str, page: int, pixels: int) -> Ink:
    return grown(_printed(name)[(page - 1) * SIZE[1] : page * SIZE[1]], pixels, pixels)


def current_layout(language: str) -> tuple[Layout, Image.Image]:
    """What the program prints now: the layout, and its empty pages one below the other."""
    import pypdfium2

    from forms import consent_form

    template = consent_form.form_template(language)
    layout = Layout(
        consent_form.TEMPLATE,
        consent_form.VERSION,
        language,
        template.fingerprint,
        consent_form.PAGES,
        template.marks,
        template.blanks,
    )
    document = pypdfium2.PdfDocument(io.BytesIO(consent_form.empty_pages(language)))
    paper = Image.new("L", (SIZE[0], SIZE[1] * layout.pages), 255)
    for number in range(layout.pages):
        picture = document[number].render(scale=POINT, grayscale=True).to_pil()
        paper.paste(picture.resize(SIZE), (0, number * SIZE[1]))
    # Half a tone counts as print: what is read is blurred more than what was drawn.
    return layout, paper.point(lambda tone: 255 * (tone > 160)).convert("1")  # noqa: PLR2004


def freeze(folder: Path = FOLDER) -> None:
    """Keep what is printed now for whoever reads it back later."""
    from forms.wording import LANGUAGES

    for language in LANGUAGES:
        layout, paper = current_layout(language)
        document = json.dumps(dataclasses.asdict(layout), indent=1, ensure_ascii=False)
        (folder / f"{layout.name}.json").write_text(document + "\n", encoding="utf-8")
        paper.save(folder / f"{layout.name}.png", optimize=True)


if __name__ == "__main__":
    freeze()
