"""What is sent as `multipart/form-data`, written to a private folder piece by piece.

Nothing waits in memory, and nothing in a folder that belongs to all: pictures of people who have
not agreed lie beside the registry, readable for its owner, until whoever asked for them is done.
"""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool

from clearance.sorted_places import safe_name
from review.errors import InputRefusedError, MalformedError, TooLargeError, TypeRefusedError

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks
    from starlette.requests import Request

_LONGEST_FIELD = 2000
_MOST_PARTS = 50
_MIB = 2**20


@dataclasses.dataclass(frozen=True, slots=True)
class Upload:
    """A file that was sent, and what was sent with it.

    Attributes:
        path: where it lies, under a name that every system takes.
        fields: name and value of everything that is no file, as it came.
    """

    path: Path
    fields: tuple[tuple[str, str], ...]


@contextlib.contextmanager
def private_folder(below: Path) -> Iterator[Path]:
    """A new folder for its owner alone, which goes with all that is in it, whatever happens."""
    below.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="sent-", dir=below))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def received(request: Request, folder: Path, field: str, most: int) -> Upload:
    """The one file of a request, and its fields.

    Args:
        request: as it comes.
        folder: where the file is written.
        field: the name of the part that is the file.
        most: bytes of the file at most.

    Raises:
        TypeRefusedError: it is no `multipart/form-data`.
        MalformedError: it cannot be read.
        InputRefusedError: there is no such file, or more than one, or a field is too long.
        TooLargeError: the file is too large.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise TypeRefusedError("send multipart/form-data with a boundary")
    taking = _Taking(folder, field, most)
    try:
        parser = MultipartParser(options[b"boundary"], taking.callbacks())
        async for piece in request.stream():
            if piece:
                await run_in_threadpool(parser.write, piece)
        parser.finalize()
    except FormParserError as error:
        raise MalformedError("what was sent is no multipart/form-data that can be read") from error
    finally:
        taking.close()
    return taking.upload()


class _Taking:
    """Writes the parts of one request where they belong, as they come."""

    def __init__(self, folder: Path, field: str, most: int) -> None:
        self._folder, self._field, self._most = folder, field, most
        self._header = [bytearray(), bytearray()]
        self._disposition = b""
        self._name = ""
        self._text = bytearray()
        self._file: BinaryIO | None = None
        self._path: Path | None = None
        self._got = 0
        self._parts = 0
        self._ended = False
        self._fields: list[tuple[str, str]] = []

    def callbacks(self) -> MultipartCallbacks:
        """What the parser calls."""
        return {
            "on_part_begin": self._part_begins,
            "on_header_field": lambda data, start, end: self._header[0].extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._header[1].extend(data[start:end]),
            "on_header_end": self._header_ends,
            "on_headers_finished": self._headers_end,
            "on_part_data": self._data,
            "on_part_end": self._part_ends,
            "on_end": self._all_ends,
        }

    def upload(self) -> Upload:
        """All of it, once it is there."""
        if not self._ended:
            raise MalformedError("what was sent ends too early")
        if self._path is None:
            raise InputRefusedError("send one file, in the part {field}", field=self._field)
        return Upload(self._path, tuple(self._fields))

    def close(self) -> None:
        """No more is written."""
        if self._file:
            self._file.close()

    def _part_begins(self) -> None:
        self._parts += 1
        if self._parts > _MOST_PARTS:
            raise InputRefusedError("that is too much at once")
        self._disposition = b""
        self._text = bytearray()

    def _header_ends(self) -> None:
        name, value = map(bytes, self._header)
        if name.lower() == b"content-disposition":
            self._disposition = value
        self._header = [bytearray(), bytearray()]

    def _headers_end(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        if self._name == self._field:
            if self._path is not None:
                raise InputRefusedError("send one file, in the part {field}", field=self._field)
            # The last part of what some send as a whole path; nothing else of it is believed.
            called = options.get(b"filename", b"").decode("utf-8", "replace")
            name = safe_name(called.replace("\\", "/").rpartition("/")[2])
            self._path = self._folder / name
            self._file = self._path.open("xb")
        elif b"filename" in options:
            raise InputRefusedError("send one file, in the part {field}", field=self._field)

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._file is None:
            self._text += data[start:end]
            if len(self._text) > _LONGEST_FIELD:
                raise InputRefusedError("what stands in {field} is too long", field=self._name)
            return
        self._got += end - start
        if self._got > self._most:
            raise TooLargeError("that is larger than {most} MiB", most=max(1, self._most // _MIB))
        self._file.write(data[start:end])

    def _part_ends(self) -> None:
        if self._file is None:
            self._fields.append((self._name, bytes(self._text).decode("utf-8", "replace").strip()))
            return
        self._file.close()
        self._file = None

    def _all_ends(self) -> None:
        self._ended = True
