"""Encryption of what identifies people: one institution key, one data key per person.

The institution key lies in a file. It wraps the data keys, which lie in the
registry; a person's name, portraits, templates and forms are encrypted under
that person's key. Destroying the wrapped key destroys all of them, in every
copy of them. AES-256-GCM throughout; what is encrypted is bound to its person
and purpose, so that no ciphertext can stand in another's place.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import dataclasses
import hashlib
import hmac
import json
import os
import re
import secrets
import stat
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from consent.errors import (
    KeyExposedError,
    KeyMissingError,
    KeyWrongError,
    RegistryDamagedError,
    RegistryUnwritableError,
)
from consent.files import write_new

KEY_FILE_VARIABLE = "CLEARANCE_KEY_FILE"
KEY_FILE_NAME = "institution.key"
_KEY_BYTES = 32
_NONCE_BYTES = 12
_VERSION = "clearance institution key, version 1"
_FILE = re.compile(rf"{_VERSION}\nid: (?P<id>[0-9a-f]{{16}})\nkey: (?P<key>[A-Za-z0-9+/=]+)\n?")


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
    def create(cls, path: Path) -> InstitutionKey:
        """Make a key and its file, which nobody but the owner can read.

        On Windows the permissions of the folder apply.

        Raises:
            RegistryUnwritableError: the file is there already or cannot be written.
        """
        key = cls(secrets.token_bytes(_KEY_BYTES))
        text = f"{_VERSION}\nid: {key.id}\nkey: {base64.b64encode(key.secret).decode()}\n"
        try:
            write_new(path, text.encode("ascii"))
        except OSError as error:
            raise RegistryUnwritableError(
                "the institution's key cannot be written to {path} ({reason}); name a folder "
                "that exists and can be written, with --registry or CLEARANCE_KEY_FILE",
                path=path,
                reason=error.strerror or str(error),
            ) from error
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
        return cls._parsed(content, path)

    @classmethod
    def _parsed(cls, content: bytes, path: Path) -> InstitutionKey:
        # Windows editors change the ends of lines.
        match = _FILE.fullmatch(content.decode("ascii", "replace").replace("\r\n", "\n"))
        with contextlib.suppress(binascii.Error):
            if match:
                key = cls(base64.b64decode(match["key"], validate=True))
                if len(key.secret) == _KEY_BYTES and key.id == match["id"]:
                    return key
        raise KeyWrongError(
            "{path} is not an institution's key or was altered; put the file back from its "
            "safe copy",
            path=path,
        )


def key_file(folder: Path) -> Path:
    """Where the key of the registry in `folder` is looked for.

    The environment variable comes first: a key that lies elsewhere does not
    leave the house with a copy of the registry.
    """
    named = os.environ.get(KEY_FILE_VARIABLE)
    return Path(named) if named else folder / KEY_FILE_NAME


class Vault:
    """Wraps the keys of people, and gives each person's own safe."""

    def __init__(self, key: InstitutionKey) -> None:
        self._wrapping = AESGCM(key.derive("wrap"))
        self._naming = key.derive("name")
        self._house = PersonSafe("institution", AESGCM(key.derive("words")))

    @property
    def house(self) -> PersonSafe:
        """What encrypts for the institution itself: words of its staff, of no person on file."""
        return self._house

    def new_person_key(self, person: str) -> bytes:
        """A fresh data key for a person, wrapped."""
        return _encrypt(self._wrapping, AESGCM.generate_key(256), person, "key")

    def safe(self, person: str, wrapped: bytes) -> PersonSafe:
        """What encrypts and decrypts under the person's key.

        Raises:
            RegistryDamagedError: the wrapped key was altered or is another person's.
        """
        return PersonSafe(person, AESGCM(_decrypt(self._wrapping, wrapped, person, "key")))

    def name_tag(self, name: str) -> bytes:
        """What a name is found by without being stored readably."""
        # What a terminal could not decode reaches us as halves of characters; it is
        # the name of nobody, and no reason to fail.
        data = name.encode("utf-8", "surrogatepass")
        return hmac.new(self._naming, data, hashlib.sha256).digest()


class PersonSafe:
    """Encrypts and decrypts for one person."""

    def __init__(self, person: str, cipher: AESGCM) -> None:
        self._person = person
        self._cipher = cipher

    def encrypt(self, purpose: str, data: bytes) -> bytes:
        """The data, readable only with the same person and purpose."""
        return _encrypt(self._cipher, data, self._person, purpose)

    def decrypt(self, purpose: str, ciphertext: bytes) -> bytes:
        """The data again.

        Raises:
            RegistryDamagedError: it was altered, or belongs to another person or purpose.
        """
        return _decrypt(self._cipher, ciphertext, self._person, purpose)


def _encrypt(cipher: AESGCM, data: bytes, person: str, purpose: str) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, data, _bound_to(person, purpose))


def _decrypt(cipher: AESGCM, ciphertext: bytes, person: str, purpose: str) -> bytes:
    nonce, rest = ciphertext[:_NONCE_BYTES], ciphertext[_NONCE_BYTES:]
    try:
        return cipher.decrypt(nonce, rest, _bound_to(person, purpose))
    except (InvalidTag, ValueError) as error:
        # ValueError: too short to hold a nonce.
        raise RegistryDamagedError(
            "data of {person} cannot be decrypted ({part}): it was altered outside this program; "
            "restore the registry from a backup",
            person=person,
            part=purpose.partition(" ")[0],
        ) from error


def _bound_to(person: str, purpose: str) -> bytes:
    return json.dumps([person, purpose]).encode()
