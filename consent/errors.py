"""What can go wrong with the registry of consents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final


class ConsentError(Exception):
    """Base of everything this room raises: an English template and what it is filled with.

    Both are kept, so that the door can say the same in another language. A value
    may be an error of ours, which is then translated as well.
    """

    def __init__(self, template: str, /, **values: object) -> None:
        # Unpickling passes the finished text, in which a brace is only a brace.
        super().__init__(template.format(**values) if values else template)
        self.template: Final = template
        self.values: Final[Mapping[str, object]] = values


class RegistryMissingError(ConsentError):
    """There is no registry in the folder that was named."""


class RegistryExistsError(ConsentError):
    """A registry already stands where a new one was asked for."""


class RegistryDamagedError(ConsentError):
    """The registry's file is not a database, is truncated, or fails its checks."""


class RegistryTooNewError(ConsentError):
    """The registry was written by a newer version of the program."""


class RegistryBusyError(ConsentError):
    """Another process is writing and did not finish within the wait."""


class RegistryUnwritableError(ConsentError):
    """The registry's folder or file cannot be written: full disk, no permission, read-only."""


class SqliteTooOldError(ConsentError):
    """The SQLite of this Python cannot hold a registry."""


class KeyMissingError(ConsentError):
    """The institution's key is not where it should be."""


class KeyWrongError(ConsentError):
    """The key does not open this registry."""


class KeyExposedError(ConsentError):
    """Other accounts of this computer can read the institution's key."""


class PersonUnknownError(ConsentError):
    """No person has that id or name."""


class PersonAmbiguousError(ConsentError):
    """Several people have that name; the id is needed."""


class RecordInvalidError(ConsentError):
    """A person, consent or withdrawal contradicts itself or what is on file."""


class SerialTakenError(RecordInvalidError):
    """A form with that serial is already recorded."""


class DraftMissingError(ConsentError):
    """There is no draft of that form."""


class PublicationUnknownError(ConsentError):
    """No publication has that id."""


class PublicationChangedError(ConsentError):
    """Somebody else changed the publication meanwhile."""


class OnHoldError(ConsentError):
    """A hold forbids to erase the person."""


class BackupInvalidError(ConsentError):
    """A backup is damaged, truncated or altered, or of another key or a newer version."""
