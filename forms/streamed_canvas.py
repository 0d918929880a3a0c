"""A canvas for documents of any number of pictures, none of which waits in memory.

ReportLab keeps what it draws until the end, and then puts the whole file together in memory. Here
a picture waits in a file of its own until the document is written, and what is written leaves the
memory at once.
"""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING, Any, BinaryIO

from reportlab.pdfbase.pdfdoc import PDFObject

from forms.numbered_canvas import NumberedCanvas

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reportlab.pdfgen.canvas import Canvas


class StreamedCanvas(NumberedCanvas):
    """Head and foot as `NumberedCanvas`; pictures wait on the disk. To be used in a `with`."""

    def __init__(
        self,
        stream: BinaryIO,
        folder: Path,
        *,
        draw: Callable[[Canvas, int, int], None],
        **settings: Any,
    ) -> None:
        """Begin a document.

        Args:
            stream: where `save` writes it.
            folder: where pictures wait, in a file without a name that ends with the program.
            draw: as of `NumberedCanvas`.
            settings: of ReportLab's canvas.

        Raises:
            OSError: the folder cannot be written to.
        """
        super().__init__(stream, draw=draw, **settings)
        self._stream = stream
        # Not of the system's folder for temporary files: that may itself lie in memory.
        self._waiting = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by `__exit__`
        self._pictures = 0

    def __enter__(self) -> StreamedCanvas:
        return self

    def __exit__(self, *_: object) -> None:
        self._waiting.close()

    def draw_jpeg(
        self, jpeg: bytes, size: tuple[int, int], place: tuple[float, float, float, float]
    ) -> None:
        """Draw an RGB picture and forget it.

        Args:
            jpeg: the file as it will stand in the document.
            size: its width and height in pixels.
            place: left, bottom, width and height in points.
        """
        self._pictures += 1
        name = f"picture{self._pictures}"
        start = self._waiting.seek(0, 2)
        self._waiting.write(jpeg)
        left, bottom, width, height = place
        self.saveState()
        self.transform(width, 0, 0, height, left, bottom)
        self.doForm(name)
        self.restoreState()
        picture = _WaitingPicture(self._stream, self._waiting, (start, len(jpeg)), size)
        self._doc.addForm(name, picture)  # type: ignore[attr-defined]  # as drawImage does


class _WaitingPicture(PDFObject):
    """A picture of the document: where it waits, until it is written."""

    def __init__(
        self,
        stream: BinaryIO,
        waiting: BinaryIO,
        part: tuple[int, int],
        size: tuple[int, int],
    ) -> None:
        self._stream = stream
        self._waiting = waiting
        self._part = part
        self._size = size

    def format(self, document: Any) -> bytes:
        """The picture as an object of a PDF file (ISO 32000-1, 8.9.5 and 7.4.8)."""
        _write_at_once(document.__accum__, self._stream)
        start, length = self._part
        self._waiting.seek(start)
        width, height = self._size
        head = (
            f"<< /Type /XObject /Subtype /Image /Width {width} /Height {height} "
            "/ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode "
            f"/Length {length} >>\nstream\n"
        )
        return b"".join((head.encode("ascii"), self._waiting.read(length), b"\nendstream\n"))


def _write_at_once(file: Any, stream: BinaryIO) -> None:
    """Let what collects the parts of the file write them, from now on and before."""
    if file.strings:
        stream.write(b"".join(file.strings))
        file.strings.clear()
        file.write = stream.write
