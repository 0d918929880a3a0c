"""What can go wrong on the way from a photo to a cleared copy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from detector.faces import Box


class ClearanceError(Exception):
    """Base of everything this room raises: an English template and what it is filled with.

    Both are kept, so that the door can say the same in another language. A value
    may be an error of ours, which is then translated as well.
    """

    def __init__(self, template: str, /, **values: object) -> None:
        # Unpickling passes the finished text, in which a brace is only a brace.
        super().__init__(template.format(**values) if values else template)
        self.template: Final = template
        self.values: Final[Mapping[str, object]] = values


def without_traces(error: Exception) -> Exception:
    """The error itself, with nothing left of where it was raised, nor of those it is made of.

    A traceback keeps the picture in memory that was looked at; and a library may teach copies
    of errors to have theirs, as Dask does.
    """
    error.__traceback__ = error.__cause__ = error.__context__ = None
    for value in getattr(error, "values", {}).values():
        if isinstance(value, Exception):
            without_traces(value)
    return error


def told_as_bug(error: Exception) -> ClearanceError:
    """What people read of an error that nobody foresaw."""
    return ClearanceError(
        "internal error: {kind}: {reason}", kind=type(error).__name__, reason=str(error)
    )


class SettingsInvalidError(ClearanceError):
    """clearance.toml cannot be read or holds a value that is not allowed."""


class ExportError(ClearanceError):
    """The copy could not be written."""


class ExportRefusedError(ExportError):
    """Writing would touch an input, or write the same file twice."""


class VerificationError(ExportError):
    """The written copy did not pass its checks and was removed.

    `where` are the places that gave it away, boxes in pixels of the copy; empty where it is
    not about a place.
    """

    def __init__(self, template: str, /, where: Iterable[Box] = (), **values: object) -> None:
        super().__init__(template, **values)
        self.where: Final = tuple(where)


class StillRefusedError(ClearanceError):
    """There is no such moment in the video."""


class WordRefusedError(ClearanceError):
    """What a person says of a face cannot be kept: no such face, or it resembles somebody."""


class EvidenceUnreadableError(ClearanceError):
    """The scan of the signed form is missing, empty or far too large."""


class PortraitsCollideError(ClearanceError):
    """A portrait looks like somebody else in the registry: no template is kept of it."""


class DemoMissingError(ClearanceError):
    """The sample pictures are not installed."""


class LookBrokenError(ClearanceError):
    """The process that looked at a photo ended in the midst of it."""


class NotJudgedError(ClearanceError):
    """A run was stopped before it came to the file."""


class ClusterError(ClearanceError):
    """The cluster that should look cannot be reached, or was lost: what was seen is kept."""


class ClusterRefusedError(ClusterError):
    """The cluster is not used: its ways are open to others, or it would see something else."""


class AlbumUnreadableError(ClearanceError):
    """The album is empty, or a folder in it cannot be read: nothing may count as cleared."""


class SortingError(ClearanceError):
    """A picture could not be put into the folder of its verdict, or not be taken out of one."""


class SortingRefusedError(SortingError):
    """Pictures cannot be sorted into this folder, or not in this manner; nothing was touched."""


class StepRefusedError(ClearanceError):
    """A publication may not be brought further in this manner: nothing was changed."""


class ReadableNotWrittenError(ClearanceError):
    """A readable copy of what is kept encrypted could not be written."""


class LegalTextUnknownError(ClearanceError):
    """No legal profile has that name, or it is not written in that language."""


class RosterUnreadableError(ClearanceError):
    """The whole list of people cannot be used: not a table, too large, no names in it."""


class RosterRowError(ClearanceError):
    """One row of a list of people cannot be used; the others can."""


class TableNotWrittenError(ClearanceError):
    """A file for a spreadsheet could not be written."""
