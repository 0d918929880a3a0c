"""What can go wrong at the desk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final


class DeskError(Exception):
    """Base of everything this room raises: an English template and what it is filled with.

    Both are kept, so that a page can say the same in the reader's language. A value
    may be an error of ours, which is then translated as well.
    """

    def __init__(self, template: str, /, **values: object) -> None:
        # Unpickling passes the finished text, in which a brace is only a brace.
        super().__init__(template.format(**values) if values else template)
        self.template: Final = template
        self.values: Final[Mapping[str, object]] = values


class DeskRefusedError(DeskError):
    """The desk cannot be opened in the way that was asked for."""


class AccountRefusedError(DeskError):
    """An account cannot be made or changed so."""


class SignInRefusedError(DeskError):
    """The name or the password is wrong, or there were too many attempts."""


class SignInLockedError(SignInRefusedError):
    """This wrong password is one too many: the next one has to wait."""


class NotAllowedError(DeskError):
    """Who is signed in may not do that."""


class NotFoundError(DeskError):
    """There is no such page or thing, or not for who is signed in."""


class InputRefusedError(DeskError):
    """What was sent cannot be used; it is said in the words of the form that it came from."""


class MalformedError(DeskError):
    """What was sent is not in the form that it says it has."""


class TypeRefusedError(DeskError):
    """What was sent is of a kind that is not taken there."""


class ConflictError(DeskError):
    """What is on file does not allow that, or not any more."""


class BusyError(DeskError):
    """Too much is asked at once; a moment later it is possible."""


class TooSlowError(DeskError):
    """What was sent did not arrive in time."""


class FieldRefusedError(InputRefusedError):
    """What stands in one field cannot be used; the value `key` is the field's name."""


class TooLargeError(DeskError):
    """What was sent is larger than the desk takes."""


class AlbumMissingError(NotFoundError):
    """There is no such album, or it was deleted."""


class ItemMissingError(NotFoundError):
    """There is no such picture, or its album was deleted."""


class AlbumRefusedError(DeskError):
    """An album cannot be made as it is asked for."""


class UploadRefusedError(DeskError):
    """A file cannot be taken in: too large, too many, no room on the disk."""


class NoVerdictError(DeskError):
    """A file was not judged yet, or must be looked at again: nothing of it is shown as clear."""


class DecisionRefusedError(DeskError):
    """What a person decided cannot be kept: no such face, nothing to decide, nothing to undo."""


class CopyMissingError(DeskError):
    """There is no copy, or not of this file."""


class DeskDamagedError(DeskError):
    """The desk's file was written by another version, or is damaged."""
