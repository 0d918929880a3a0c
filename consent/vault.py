"""Encryption of what identifies people: one institution key, one data key per person.

The institution key (`consent.keys`) wraps the data keys, which lie in the
registry; a person's name, portraits, templates and forms are encrypted under
that person's key. Destroying the wrapped key destroys all of them, in every
copy of them. AES-256-GCM throughout; what is encrypted is bound to its person
and purpose, so that no ciphertext can stand in another's place.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from consent.errors import RegistryDamagedError
from consent.keys import InstitutionKey

_NONCE_BYTES = 12


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
