"""Changes clearance.toml as a whole: what was there stays beside it, and nothing half is read."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
import secrets
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from clearance.errors import SettingsInvalidError
from clearance.settings import FILE_NAME, Settings, load_settings, settings_text, toml_text

BEFORE = f"{FILE_NAME}.before"
"""What the file was before the last change, with its comments."""

Changes = Mapping[str, Mapping[str, object]]
"""Values by section and key."""


def settings_version(folder: Path) -> str:
    """What tells one state of the file from another; empty where there is no file."""
    try:
        return hashlib.sha256((folder / FILE_NAME).read_bytes()).hexdigest()[:16]
    except FileNotFoundError:
        return ""


def with_changes(settings: Settings, changes: Changes) -> Settings:
    """The settings with some values in place of their own; nothing is checked yet."""
    sections: dict[str, Any] = {
        section: dataclasses.replace(getattr(settings, section), **values)
        for section, values in changes.items()
    }
    return dataclasses.replace(settings, **sections)


def changed_keys(before: Settings, after: Settings) -> tuple[str, ...]:
    """Which keys differ, as `section.key`."""
    return tuple(
        f"{section.name}.{key.name}"
        for section in dataclasses.fields(before)
        if dataclasses.is_dataclass(old := getattr(before, section.name))
        for key in dataclasses.fields(old)
        if getattr(old, key.name) != getattr(getattr(after, section.name), key.name)
    )


def change_settings(folder: Path, changes: Changes, seen: str | None = None) -> tuple[str, ...]:
    """Write other values into clearance.toml, once they are known to be good.

    Comments are not carried over; the old file stays beside the new one as
    clearance.toml.before.

    Args:
        folder: of the registry.
        changes: the new values.
        seen: the version of the file that the changes were made to; None for any.

    Returns:
        The keys that are different now, as `section.key`; empty where nothing was written.

    Raises:
        SettingsInvalidError: a value is not allowed, the file was changed by somebody else
            meanwhile, or cannot be written; nothing was changed.
    """
    path = folder / FILE_NAME
    if seen is not None and seen != settings_version(folder):
        raise SettingsInvalidError(
            "somebody else has changed the settings meanwhile: look at them again"
        )
    before = load_settings(path)
    wished = with_changes(before, changes)
    found = changed_keys(before, wished)
    if not found:
        return ()
    text = settings_text(wished) + _models_text(path)
    with _part(path, text) as part:
        after = load_settings(part)
        if after != wished:
            raise SettingsInvalidError(
                "{path} says something that this page cannot keep: change it with an editor",
                path=path,
            )
        with contextlib.suppress(FileNotFoundError):
            path.with_name(BEFORE).write_bytes(path.read_bytes())
        part.replace(path)
    return found


def check_settings(folder: Path, settings: Settings) -> None:
    """See that values are allowed, without writing them for good.

    Raises:
        SettingsInvalidError: one is not; or nothing can be written in the folder.
    """
    with _part(folder / FILE_NAME, settings_text(settings)) as part:
        load_settings(part)


def write_settings(path: Path, settings: Settings) -> None:
    """Write the file anew, whole or not at all: half of it would be other rules.

    Raises:
        SettingsInvalidError: it cannot be written.
    """
    with _part(path, settings_text(settings)) as part:
        part.replace(path)


@contextlib.contextmanager
def _part(path: Path, text: str) -> Iterator[Path]:
    """The text as a file beside the real one, where its relative paths lead to the same."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        try:
            with part.open("x", encoding="utf-8") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            yield part
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise SettingsInvalidError(
            "{path} cannot be written: {reason}",
            path=path,
            reason=error.strerror or str(error),
        ) from error


def _models_text(path: Path) -> str:
    """The sections of the institution's own networks, which no page changes."""
    try:
        models = tomllib.loads(path.read_text(encoding="utf-8")).get("models", {})
    except FileNotFoundError:
        return ""
    return "".join(
        f"\n[models.{toml_text(name)}]\n"
        + "".join(f"{toml_text(key)} = {_toml(value)}\n" for key, value in table.items())
        for name, table in models.items()
    )


def _toml(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case dict():
            inner = (f"{toml_text(key)} = {_toml(one)}" for key, one in value.items())
            return "{ " + ", ".join(inner) + " }"
        case list():
            return "[" + ", ".join(map(_toml, value)) + "]"
        case str():
            return toml_text(value)
    return str(value)
