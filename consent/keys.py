"""The institution's key: what it is, and the places where it is kept.

It comes from the environment, from a file, or from the keyring of the operating
system. A place that is named and does not hold a usable key is an error, never
skipped: the next place might hold the key of another registry.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import dataclasses
import enum
import hmac
import os
import re
import secrets
import stat
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from consent.errors import (
    KeyExposedError,
    KeyMissingError,
    KeyWrongError,
    RegistryUnwritableError,
)
from consent.files import write_new

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

KEY_VARIABLE = "CLEARANCE_KEY"
KEY_FILE_VARIABLE = "CLEARANCE_KEY_FILE"
KEY_FILE_NAME = "institution.key"
KEYRING_SERVICE = "clearance"
_KEY_BYTES = 32
_VERSION = "clearance institution key, version 1"
_FILE = re.compile(rf"{_VERSION}\nid: (?P<id>[0-9a-f]{{16}})\nkey: (?P<key>[A-Za-z0-9+/=]+)\n?")
_LINE = re.compile(r"(?:key: *)?(?P<key>[A-Za-z0-9+/]{43}=)")


class KeyPlace(enum.StrEnum):
    """Where a new key is kept."""

    FILE = "file"
    KEYRING = "keyring"


@dataclasses.dataclass(frozen=True, slots=True)
class InstitutionKey:
    """The key everything else hangs on. Never shown: not by `repr`, not by an error.

    `id` names the key without revealing it, for a person who holds several.
    """

    secret: bytes = dataclasses.field(repr=False)

    @property
    def id(self) -> str:
        """Sixteen digits that tell this key from another."""
        return self.derive("id")[:8].hex()

    @property
    def check_value(self) -> bytes:
        """What the registry keeps to recognise its key; it does not reveal the key."""
        return self.derive("check")

    def derive(self, purpose: str) -> bytes:
        """A key for one purpose only, from which no other can be found."""
        info = f"clearance 1 {purpose}".encode()
        return HKDFExpand(algorithm=SHA256(), length=_KEY_BYTES, info=info).derive(self.secret)

    @classmethod
    def generate(cls) -> InstitutionKey:
        """A new random key, which is kept nowhere yet."""
        return cls(secrets.token_bytes(_KEY_BYTES))

    @classmethod
    def create(cls, path: Path) -> InstitutionKey:
        """Make a key and its file, which nobody but the owner can read.

        On Windows the permissions of the folder apply.

        Raises:
            RegistryUnwritableError: the file is there already or cannot be written.
        """
        key = cls.generate()
        _write_file(key, path)
        return key

    @classmethod
    def load(cls, path: Path) -> InstitutionKey:
        """Read a key file.

        Raises:
            KeyMissingError: there is none, or it cannot be read.
            KeyExposedError: other accounts can read it (not checked on Windows).
            KeyWrongError: it is not a key file, or was altered.
        """
        try:
            with path.open("rb") as stream:
                mode = os.fstat(stream.fileno()).st_mode
                content = stream.read(1024)
        except OSError as error:
            raise KeyMissingError(
                "the institution's key is not at {path} ({reason}); without it nothing "
                "can be read. Put the file back from its safe copy, or set CLEARANCE_KEY_FILE "
                "to where it is",
                path=path,
                reason=error.strerror or str(error),
            ) from error
        if os.name == "posix" and stat.S_IMODE(mode) & (stat.S_IRWXG | stat.S_IRWXO):
            raise KeyExposedError(
                "other accounts of this computer may use the institution's key; make it yours "
                "alone: chmod 600 {path}. Where the disk knows no permissions, keep the key on "
                "another and set CLEARANCE_KEY_FILE",
                path=path,
            )
        key = _key_in(content.decode("ascii", "replace"))
        if key is None:
            raise KeyWrongError(
                "{path} is not an institution's key or was altered; put the file back from its "
                "safe copy",
                path=path,
            )
        return key


def key_file(folder: Path) -> Path:
    """Where the key file of the registry in `folder` is, or would be written.

    The environment variable comes first: a key that lies elsewhere does not
    leave the house with a copy of the registry.

    Raises:
        KeyMissingError: the variable is set, but empty.
    """
    named = _variable(KEY_FILE_VARIABLE)
    return folder / KEY_FILE_NAME if named is None else Path(named)


def find_key(folder: Path, key_id: str | None) -> InstitutionKey:
    """The key of the registry in `folder`, from the first place that has one.

    The places: the variable CLEARANCE_KEY (what is in a key file, or only its last
    line), the file that CLEARANCE_KEY_FILE names, `institution.key` in the folder, the
    keyring. `key_id` is the key that the registry was made with; the keyring is
    searched by it, and not at all where it is None.

    Raises:
        KeyMissingError: no place has it, or a place that was named cannot be read.
        KeyWrongError: what lies there is no key, was altered, or is another key.
        KeyExposedError: other accounts can read the key file.
    """
    text = _variable(KEY_VARIABLE)
    if text is not None:
        return _expected(_from_environment(text), KEY_VARIABLE, key_id)
    path = key_file(folder)
    # What the variable names must be there; a file in the folder need not.
    if KEY_FILE_VARIABLE in os.environ or os.path.lexists(path):
        return _expected(InstitutionKey.load(path), path, key_id)
    try:
        return _expected(_from_keyring(key_id), "the keyring", key_id)
    except KeyMissingError as cause:
        raise KeyMissingError(
            "the institution's key is not at {path}, and {cause}; without it nothing can be "
            "read. Put the file back from its safe copy, or set CLEARANCE_KEY_FILE to where "
            "it is",
            path=path,
            cause=cause,
        ) from cause


def store_key(key: InstitutionKey, place: KeyPlace, folder: Path) -> None:
    """Keep a new key: in a new file of the owner's only, or in the keyring.

    The file is the one that CLEARANCE_KEY_FILE names, else `institution.key` in the
    folder. What the keyring took is read back.

    Raises:
        RegistryUnwritableError: the file is there already, or the place takes no key.
        KeyMissingError: CLEARANCE_KEY_FILE is set, but empty.
    """
    if place is KeyPlace.KEYRING:
        _put_in_keyring(key)
    else:
        _write_file(key, key_file(folder))


def key_for_new(folder: Path, place: KeyPlace) -> InstitutionKey:
    """The key for a registry that is about to be made in `folder`.

    A key that is there already is used, never replaced: it may open backups. Else a
    new one is made and kept in `place`.

    Raises:
        RegistryUnwritableError: the new key cannot be kept; or the keyring is asked for
            although another place, which comes first, has a key already.
        KeyMissingError, KeyWrongError, KeyExposedError: the key there cannot be used.
    """
    text = _variable(KEY_VARIABLE)
    path = key_file(folder)
    if text is None and not os.path.lexists(path):
        key = InstitutionKey.generate()
        store_key(key, place, folder)
        return key
    if place is KeyPlace.KEYRING:
        raise RegistryUnwritableError(
            "there is a key already in {source}, which would be used instead of the keyring; "
            "unset the variable or move the file away, or leave the keyring out",
            source=path if text is None else KEY_VARIABLE,
        )
    return find_key(folder, None)


def _variable(name: str) -> str | None:
    value = os.environ.get(name)
    # A secret that a container was not given arrives as an empty variable.
    if value is not None and not value.strip():
        raise KeyMissingError(
            "the variable {variable} is set, but empty; give it its value, or unset it",
            variable=name,
        )
    return value


def _expected(key: InstitutionKey, source: Path | str, key_id: str | None) -> InstitutionKey:
    if key_id is None or key.id == key_id:
        return key
    raise KeyWrongError(
        "the key in {source} has the id {id}; the registry was made with the key {wanted}. "
        "Put that one there",
        source=source,
        id=key.id,
        wanted=key_id,
    )


def _key_in(text: str) -> InstitutionKey | None:
    """The key in the text of a key file; None where it is none or was altered."""
    # Windows editors change the ends of lines.
    match = _FILE.fullmatch(text.replace("\r\n", "\n"))
    with contextlib.suppress(binascii.Error):
        if match:
            key = InstitutionKey(base64.b64decode(match["key"], validate=True))
            if len(key.secret) == _KEY_BYTES and key.id == match["id"]:
                return key
    return None


def _key_or_line_in(text: str) -> InstitutionKey | None:
    """Like `_key_in`, where the last line of a key file will do as well."""
    line = _LINE.fullmatch(text.strip())
    if line is None:
        return _key_in(text.strip())
    return InstitutionKey(base64.b64decode(line["key"], validate=True))


def _line_of(key: InstitutionKey) -> str:
    return base64.b64encode(key.secret).decode("ascii")


def _write_file(key: InstitutionKey, path: Path) -> None:
    text = f"{_VERSION}\nid: {key.id}\nkey: {_line_of(key)}\n"
    try:
        write_new(path, text.encode("ascii"))
    except OSError as error:
        raise RegistryUnwritableError(
            "the institution's key cannot be written to {path} ({reason}); name a folder "
            "that exists and can be written, with --registry or CLEARANCE_KEY_FILE",
            path=path,
            reason=error.strerror or str(error),
        ) from error


def _from_environment(text: str) -> InstitutionKey:
    key = _key_or_line_in(text)
    if key is None:
        raise KeyWrongError(
            "the variable {variable} does not hold an institution's key; give it the text of "
            "a key file, or the last word in it",
            variable=KEY_VARIABLE,
        )
    return key


def _from_keyring(key_id: str | None) -> InstitutionKey:
    if key_id is None:
        raise KeyMissingError("the keyring was not searched, because no key is named")
    backend = _keyring()
    try:
        text = backend.get_password(KEYRING_SERVICE, key_id)
    except Exception as error:  # noqa: BLE001 - every backend raises errors of its own
        raise _unusable(error) from None
    if text is None:
        raise KeyMissingError(
            "the keyring ({backend}) has none named {service}, {id}",
            backend=backend.name,
            service=KEYRING_SERVICE,
            id=key_id,
        )
    key = _key_or_line_in(text)
    if key is None:
        raise KeyWrongError(
            "what the keyring ({backend}) has under {service}, {id} is not an institution's "
            "key or was altered; put it back from its safe copy",
            backend=backend.name,
            service=KEYRING_SERVICE,
            id=key_id,
        )
    return key


def _put_in_keyring(key: InstitutionKey) -> None:
    line = _line_of(key)
    try:
        backend = _keyring()
    except KeyMissingError as cause:
        _not_kept(cause)
    try:
        backend.set_password(KEYRING_SERVICE, key.id, line)
        kept = backend.get_password(KEYRING_SERVICE, key.id) or ""
    except Exception as error:  # noqa: BLE001 - every backend raises errors of its own
        _not_kept(_unusable(error))
    if not hmac.compare_digest(kept.encode("utf-8", "replace"), line.encode("ascii")):
        _not_kept(KeyMissingError("the keyring did not give back what it was given"))


def _not_kept(cause: KeyMissingError) -> NoReturn:
    raise RegistryUnwritableError(
        "the institution's key was not kept, because {cause}; keep it in a file instead",
        cause=cause,
    ) from None


def _keyring() -> KeyringBackend:
    """The keyring of this account, if it is a real one.

    Raises:
        KeyMissingError: there is none.
    """
    try:
        # Looking for a keyring costs a quarter of a second, which few registries need.
        import keyring

        backend = keyring.get_keyring()
        # Those that keep nothing have less, and so have those that write plain files.
        real = backend.priority >= 1
    except ImportError:
        raise KeyMissingError("the package keyring is not installed") from None
    except Exception as error:  # noqa: BLE001 - plugins are loaded, which may raise anything
        raise _unusable(error) from None
    if not real:
        raise KeyMissingError(
            "this computer has no keyring that can be used ({backend})", backend=backend.name
        )
    return backend


def _unusable(error: Exception) -> KeyMissingError:
    # The text of the error is a stranger's, and may quote what was to be kept.
    kind = type(error).__name__
    if kind == "KeyringLocked":
        return KeyMissingError("the keyring is locked (unlock it and try again)")
    return KeyMissingError("the keyring cannot be used ({reason})", reason=kind)
