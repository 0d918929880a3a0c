"""Makes a registry and its clearance.toml together: both are there, or neither."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING

from clearance.errors import SettingsInvalidError
from clearance.settings import FILE_NAME, Settings
from clearance.settings_file import write_settings
from consent.keys import KEY_VARIABLE, KeyPlace, key_file
from consent.registry import DATABASE_NAME, Registry

if TYPE_CHECKING:
    from clearance.language import Language


@dataclasses.dataclass(frozen=True, slots=True)
class Founded:
    """A registry that was just made.

    Attributes:
        folder: of the registry.
        settings_file: its clearance.toml.
        key: the file that holds the key; None where no file does.
        by_variable: the key is what the environment says.
    """

    folder: Path
    settings_file: Path
    key: Path | None
    by_variable: bool

    def key_kept(self, words: Language) -> str:
        """Where the key lies, for a person."""
        if self.by_variable:
            return KEY_VARIABLE
        return str(self.key) if self.key else words.gettext("in the system’s keyring")


def found_registry(
    folder: Path, place: KeyPlace = KeyPlace.FILE, settings: Settings | None = None
) -> Founded:
    """Make the registry in a folder, its key, and a clearance.toml where there is none.

    Args:
        folder: of the registry; made where it is not there.
        place: where a new key is kept.
        settings: what the new clearance.toml says; None for the defaults.

    Raises:
        RegistryExistsError: the folder holds a registry.
        RegistryUnwritableError: the folder or the key cannot be written.
        KeyWrongError, KeyExposedError, KeyMissingError: the key cannot be used or kept.
        SettingsInvalidError: clearance.toml cannot be written; then there is no registry either.
    """
    Registry.create(folder, place=place).close()
    settings_file = folder / FILE_NAME
    try:
        if not settings_file.exists():
            write_settings(settings_file, settings or Settings())
    except SettingsInvalidError:
        # A registry whose rules nobody could write down would have others than were chosen.
        (folder / DATABASE_NAME).unlink(missing_ok=True)
        raise
    return Founded(folder, settings_file, *where_key_lies(folder))


def where_key_lies(folder: Path) -> tuple[Path | None, bool]:
    """The file that holds the key of a registry, if one does; whether the environment does."""
    if os.environ.get(KEY_VARIABLE):
        return None, True
    path = key_file(folder)
    return (path if path.exists() else None), False
