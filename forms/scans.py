"""Opens scans: PDF, TIFF, pictures of phones. Pages come out as grey pixels, one at a time."""

from __future__ import annotations

import contextlib
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
    from collections.abc import Generator, Iterator, Sequence

    import numpy.typing as npt

    from forms.pdf_pages import PdfRefusedError

    Grey = npt.NDArray[np.uint8]

MAX_PAGES = 2000
"""Of one file: a thousand forms. A tray of an office scanner holds a hundred sheets."""
_MAX_PIXELS = 178_000_000
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
    return data, scans_from(data, untrusted_path)


def is_pdf(data: bytes) -> bool:
    """Whether the bytes call themselves a PDF; some have something before it."""
    return b"%PDF-" in data[:1024]


def scans_from(data: bytes, untrusted_path: Path) -> Generator[Scan]:
    """As `open_scans`, for bytes that are not in a file; the path is only a name.

    Raises:
        ScanTooLargeError: more pages or pixels than is sensible.
        ScanUnreadableError: damaged, protected, or of a kind that holds no scans. Both are
            raised while the pages are asked for.
    """
    sha256 = hashlib.sha256(data).hexdigest()
    if is_pdf(data):
        yield from _pdf_scans(data, untrusted_path, sha256)
        return
    if data[:4] in (b"II*\0", b"MM\0*"):
        pages = _tiff_pages(data, untrusted_path)
    else:
        pages = _picture(data, untrusted_path)
    for number, grey in enumerate(pages, start=1):
        yield Scan(untrusted_path, number, sha256, grey)


def _pdf_scans(data: bytes, path: Path, sha256: str) -> Iterator[Scan]:
    from forms.pdf_pages import PdfRefusedError, drawn_pages

    pages = drawn_pages(data, most_pages=MAX_PAGES, most_pixels=_MAX_PIXELS)
    # Closed with this one: what draws the pages is a process.
    with contextlib.closing(pages):
        try:
            for number, page in enumerate(pages, start=1):
                on_screen = page.fillable or not page.scanned
                yield Scan(path, number, sha256, page.grey, on_screen)
        except PdfRefusedError as error:
            raise _not_drawn(error, path) from error


def _not_drawn(error: PdfRefusedError, path: Path) -> ScanUnreadableError:
    """What somebody is told of a PDF, or of a page of one, that was not drawn."""
    from forms.pdf_pages import Refusal

    name, page, reason = path.name, error.page, error.reason
    if error.why is Refusal.SLOW and not page:
        return ScanTooLargeError(
            "{name}: it takes more than {seconds} seconds to open; print it, and scan the paper.",
            name=name,
            seconds=reason,
        )
    if error.why is Refusal.BROKEN and not page:
        return ScanUnreadableError(
            "{name}: it breaks the program that opens it, or needs too much memory; print it, "
            "and scan the paper.",
            name=name,
        )
    return {
        Refusal.PASSWORD: ScanUnreadableError(
            "{name}: the PDF is protected by a password; save it without one.", name=name
        ),
        Refusal.DAMAGED: _damaged(path, reason),
        Refusal.PAGES: _too_many_pages(reason, path),
        Refusal.PIXELS: _too_many_pixels(path),
        Refusal.SIZE: ScanTooLargeError(
            "{name}: page {page} is longer or wider than {metres} metres; scan the paper again.",
            name=name,
            page=page,
            metres=reason,
        ),
        Refusal.NO_SIZE: ScanUnreadableError("{name}: a page of no size.", name=name),
        Refusal.SLOW: ScanTooLargeError(
            "{name}: page {page} takes more than {seconds} seconds to draw; print it, and scan "
            "the paper.",
            name=name,
            page=page,
            seconds=reason,
        ),
        Refusal.BROKEN: ScanUnreadableError(
            "{name}: page {page} breaks the program that draws it, or needs too much memory; "
            "print it, and scan the paper.",
            name=name,
            page=page,
        ),
        Refusal.NOT_STARTED: ScanUnreadableError(
            "{name}: no PDF can be opened here, because no second program starts ({reason}); "
            "save its pages as TIFF.",
            name=name,
            reason=reason,
        ),
    }[error.why]


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
        raise _too_many_pages(count, path)


def _too_many_pages(count: object, path: Path) -> ScanTooLargeError:
    return ScanTooLargeError(
        "{name}: it has {count} pages, more than {most}; split it.",
        name=path.name,
        count=count,
        most=MAX_PAGES,
    )


def _check_pixels(count: int, path: Path) -> None:
    if count > _MAX_PIXELS:
        raise _too_many_pixels(path)


def _too_many_pixels(path: Path) -> ScanTooLargeError:
    return ScanTooLargeError(
        "{name}: a page declares more than {millions} million pixels; scan it at 300 dpi.",
        name=path.name,
        millions=round(_MAX_PIXELS / 1e6),
    )


def _damaged(path: Path, error: object) -> ScanUnreadableError:
    reason = (str(error).splitlines() or [""])[0] or type(error).__name__
    return ScanUnreadableError(
        "{name}: damaged, cut off or not a real document ({reason}); scan it again.",
        name=path.name,
        reason=reason,
    )
