"""What stands in the fields of a form, as days, choices and bytes; what is none of them is refused.

Every problem is said in the words of whoever fills the form in.
"""

from __future__ import annotations

import datetime as dt
import enum
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, TypeVar

from review.errors import InputRefusedError, TooLargeError

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.datastructures import UploadFile

    from review.visit import Visit

_Choice = TypeVar("_Choice", bound=enum.StrEnum)


def day(visit: Visit, name: str) -> dt.date | None:
    """A day; None where the field is empty.

    Raises:
        InputRefusedError: it is none.
    """
    text = visit.text(name, most=20)
    if not text:
        return None
    for pattern in ("%Y-%m-%d", "%d.%m.%Y"):
        try:
            return dt.datetime.strptime(text, pattern).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    raise InputRefusedError("{text!r} is not a day like 2026-11-21", text=text)


def needed_day(visit: Visit, name: str) -> dt.date:
    """A day that must be given.

    Raises:
        InputRefusedError: it is not, or is none.
    """
    visit.needed(name)
    found = day(visit, name)
    if found is None:
        raise InputRefusedError("fill in every field that is marked as needed")
    return found


def choice(visit: Visit, name: str, kind: type[_Choice]) -> _Choice:
    """One of a few.

    Raises:
        InputRefusedError: it is none of them.
    """
    return kind(among(visit, name, [one.value for one in kind]))


def among(visit: Visit, name: str, known: Collection[str]) -> str:
    """A text that is one of those.

    Raises:
        InputRefusedError: it is none of them.
    """
    text = visit.text(name, most=200)
    if text not in known:
        raise InputRefusedError("choose one of the answers that are offered")
    return text


def several(visit: Visit, name: str, known: Collection[str]) -> tuple[str, ...]:
    """Every box that was ticked.

    Raises:
        InputRefusedError: one is none of those that are offered.
    """
    found = tuple(dict.fromkeys(visit.texts(name)))
    if not set(found) <= set(known):
        raise InputRefusedError("choose one of the answers that are offered")
    return found


def ticked(visit: Visit, name: str) -> bool:
    """Whether a box is ticked."""
    return bool(visit.text(name, most=20))


def file_bytes(upload: UploadFile, most: int) -> bytes:
    """What is in a file that was sent.

    Raises:
        TooLargeError: it has more than `most` bytes.
    """
    data = upload.file.read(most + 1)
    if len(data) > most:
        raise TooLargeError("that is larger than {most} MiB", most=max(1, most // 2**20))
    return data


def suffix_of(upload: UploadFile) -> str:
    """The kind of file that its name says, such as `.pdf`; empty for none. Nothing else of it."""
    return PurePosixPath(upload.filename or "").suffix.lower()


def shown_name(upload: UploadFile) -> Path:
    """What to call a file that was sent: its last part, made harmless; never a place to write."""
    from detector.untrusted import printable

    last = (upload.filename or "").replace("\\", "/").rpartition("/")[2]
    return Path(printable(last)[-80:] or "file")
