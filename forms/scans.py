"""Opens scans: PDF, TIFF, pictures of phones. Pages come out as grey pixels, one at a time."""

from __future__ import annotations

import dataclasses
import hashlib
import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from detector.decoding import DECODER_ERRORS
from detector.errors import PhotoTooLargeError, PhotoUnreadableError
from detector.photo import photo_from_bytes, read_file
from forms.errors import ScanTooLargeError, ScanUnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    Grey = npt.NDArray[np.uint8]

MAX_PAGES = 2000
"""Of one file: a thousand forms. A tray of an office scanner holds a hundred sheets."""
_MAX_PIXELS = 178_000_000
_RENDERED = 3300
"""Longer side of a page of a PDF in pixels: A4 at 280 dpi. Finer scans are read no better."""
_POINTS = 72
_COVERED = 0.5
"""Share of a page that the picture of a scan covers; the form itself holds none."""
_FINEST_DPI = 300
SUFFIXES = frozenset(
    (".pdf", ".tif", ".tiff", ".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif", ".avif", ".bmp")
)


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """One page as it came from the scanner: 0 black, 255 white, shape (height, width).

    `number` counts the pages of the file from 1; `sha256` is that of the whole file.
    `on_screen`: the file is a form that is filled in on a screen, and no paper: it has
    fields, or no picture covers the page.
    """

    path: Path
    number: int
    sha256: str
    grey: Grey
    on_screen: bool = False


def scans_in(untrusted_paths: Sequence[Path]) -> list[Path]:
    """The files of scans that are named, or lie in a named folder, in the order of their names.

    Raises:
        ScanUnreadableError: there is no such file.
    """
    found: list[Path] = []
    for path in untrusted_paths:
        if path.is_dir():
            inside = (one for one in path.rglob("*") if one.suffix.lower() in SUFFIXES)
            found += sorted(one for one in inside if not one.name.startswith("."))
        elif path.exists():
            found.append(path)
        else:
            raise ScanUnreadableError(
                "{name}: there is no such file; check the path.", name=path.name
            )
    return list(dict.fromkeys(found))


def open_scans(untrusted_path: Path) -> tuple[bytes, Iterator[Scan]]:
    """The bytes of a file, and its pages one after the other.

    Raises:
        ScanTooLargeError: more bytes, pages or pixels than is sensible.
        ScanUnreadableError: damaged, protected, or of a kind that holds no scans. Also raised
            between two pages.
    """
    try:
        data = read_file(untrusted_path)
    except PhotoTooLargeError as error:
        raise ScanTooLargeError("{cause}", cause=error) from error
    except PhotoUnreadableError as error:
        raise ScanUnreadableError("{cause}", cause=error) from error
    sha256 = hashlib.sha256(data).hexdigest()
    if b"%PDF-" in data[:1024]:
        return data, _pdf_scans(data, untrusted_path, sha256)
    if data[:4] in (b"II*\0", b"MM\0*"):
        pages = _tiff_pages(data, untrusted_path)
    else:
        pages = _picture(data, untrusted_path)
    scans = (
        Scan(untrusted_path, number, sha256, grey) for number, grey in enumerate(pages, start=1)
    )
    return data, scans


def _pdf_scans(data: bytes, path: Path, sha256: str) -> Iterator[Scan]:
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise ScanUnreadableError(
                "{name}: the PDF is protected by a password; save it without one.", name=path.name
            ) from error
        raise _damaged(path, error) from error
    try:
        _check_pages(len(document), path)
        # What was filled in on a screen is drawn only then.
        document.init_forms()
        fillable = document.formenv is not None
        for index in range(len(document)):
            try:
                grey, scanned = _rendered(document[index], path)
                yield Scan(path, index + 1, sha256, grey, fillable or not scanned)
            except pypdfium2.PdfiumError as error:
                raise _damaged(path, error) from error
    finally:
        document.close()


def _rendered(page: object, path: Path) -> tuple[Grey, bool]:
    """A page in grey, and whether a picture covers it, as in a scan."""
    import pypdfium2
    from pypdfium2 import raw

    assert isinstance(page, pypdfium2.PdfPage)  # noqa: S101 - for the type checker
    width, height = page.get_size()
    if not (width > 0 and height > 0):
        raise ScanUnreadableError("{name}: a page of no size.", name=path.name)
    covered = 0.0
    for image in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=4):
        across, down = image.get_px_size()
        _check_pixels(across * down, path)
        left, bottom, right, top = image.get_bounds()
        covered = max(covered, (right - left) * (top - bottom))
    scale = min(_RENDERED / max(width, height), _FINEST_DPI / _POINTS)
    try:
        bitmap = page.render(scale=scale, grayscale=True, may_draw_forms=True)
        grey = np.array(bitmap.to_numpy()).reshape(bitmap.height, bitmap.width)
        return grey, covered >= _COVERED * width * height
    finally:
        page.close()


def _tiff_pages(data: bytes, path: Path) -> Iterator[Grey]:
    try:
        with Image.open(io.BytesIO(data), formats=["TIFF"]) as image:
            count = int(getattr(image, "n_frames", 1))
            _check_pages(count, path)
            for index in range(count):
                image.seek(index)
                _check_pixels(image.width * image.height, path)
                yield _grey_of(image)
    except DECODER_ERRORS as error:
        raise _damaged(path, error) from error


def _grey_of(image: Image.Image) -> Grey:
    if image.mode.startswith("I;16"):
        return (np.asarray(image) >> 8).astype(np.uint8)
    return np.asarray(image.convert("L"))


def _picture(data: bytes, path: Path) -> Iterator[Grey]:
    try:
        frame = photo_from_bytes(data, path)
    except PhotoTooLargeError as error:
        raise ScanTooLargeError("{cause}", cause=error) from error
    except PhotoUnreadableError as error:
        raise ScanUnreadableError("{cause}", cause=error) from error
    yield np.asarray(Image.fromarray(frame.pixels).convert("L"))


def _check_pages(count: int, path: Path) -> None:
    if count > MAX_PAGES:
        raise ScanTooLargeError(
            "{name}: it has {count} pages, more than {most}; split it.",
            name=path.name,
            count=count,
            most=MAX_PAGES,
        )


def _check_pixels(count: int, path: Path) -> None:
    if count > _MAX_PIXELS:
        raise ScanTooLargeError(
            "{name}: a page declares more than {millions} million pixels; scan it at 300 dpi.",
            name=path.name,
            millions=round(_MAX_PIXELS / 1e6),
        )


def _damaged(path: Path, error: BaseException) -> ScanUnreadableError:
    reason = (str(error).splitlines() or [""])[0] or type(error).__name__
    return ScanUnreadableError(
        "{name}: damaged, cut off or not a real document ({reason}); scan it again.",
        name=path.name,
        reason=reason,
    )
