"""A ciphertext opens for its own person, purpose and key, and for nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consent.errors import RegistryDamagedError
from consent.keys import InstitutionKey
from consent.vault import Vault

KEY = InstitutionKey(bytes(range(32)))
VAULT = Vault(KEY)


@settings(deadline=None)
@given(st.binary(max_size=2000), st.text(max_size=40))
def test_what_goes_in_comes_out(data: bytes, purpose: str) -> None:
    safe = VAULT.safe("p-1", VAULT.new_person_key("p-1"))
    assert safe.decrypt(purpose, safe.encrypt(purpose, data)) == data


def test_the_same_data_never_encrypts_to_the_same_bytes() -> None:
    safe = VAULT.safe("p-1", VAULT.new_person_key("p-1"))
    assert len({safe.encrypt("name", b"Anna") for _ in range(50)}) == 50


def test_a_ciphertext_cannot_stand_in_anothers_place() -> None:
    wrapped = VAULT.new_person_key("p-1")
    safe = VAULT.safe("p-1", wrapped)
    ciphertext = safe.encrypt("template 1", b"a face")
    with pytest.raises(RegistryDamagedError, match=r"p-1 .*\(template\)"):
        safe.decrypt("template 2", ciphertext)
    with pytest.raises(RegistryDamagedError):
        VAULT.safe("p-1", VAULT.new_person_key("p-1")).decrypt("template 1", ciphertext)
    with pytest.raises(RegistryDamagedError):
        VAULT.safe("p-2", wrapped)
    with pytest.raises(RegistryDamagedError):
        Vault(InstitutionKey(bytes(32))).safe("p-1", wrapped)


@settings(deadline=None)
@given(st.data())
def test_any_altered_bit_is_noticed(data: st.DataObject) -> None:
    safe = VAULT.safe("p-1", VAULT.new_person_key("p-1"))
    ciphertext = bytearray(safe.encrypt("name", b"Anna Keller"))
    bit = data.draw(st.integers(0, len(ciphertext) * 8 - 1))
    ciphertext[bit // 8] ^= 1 << bit % 8
    with pytest.raises(RegistryDamagedError):
        safe.decrypt("name", bytes(ciphertext))


@pytest.mark.parametrize("length", [0, 5, 12, 27])
def test_a_shortened_ciphertext_is_damage_not_a_crash(length: int) -> None:
    safe = VAULT.safe("p-1", VAULT.new_person_key("p-1"))
    with pytest.raises(RegistryDamagedError):
        safe.decrypt("name", safe.encrypt("name", b"")[:length])


def test_a_name_tag_needs_the_key() -> None:
    assert VAULT.name_tag("anna") == Vault(KEY).name_tag("anna")
    assert VAULT.name_tag("anna") != Vault(InstitutionKey(bytes(32))).name_tag("anna")
