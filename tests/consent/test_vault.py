"""A ciphertext opens for its own person, purpose and key, and for nothing else."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consent.errors import (
    KeyExposedError,
    KeyMissingError,
    KeyWrongError,
    RegistryDamagedError,
    RegistryUnwritableError,
)
from consent.vault import InstitutionKey, Vault, key_file

KEY = InstitutionKey(bytes(range(32)))
VAULT = Vault(KEY)
posix_only = pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")


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


def test_keys_for_different_purposes_differ_and_do_not_show_the_key() -> None:
    derived = [KEY.derive(purpose) for purpose in ("wrap", "name", "audit", "check", "id")]
    assert len({*derived, KEY.secret}) == 6
    assert KEY.secret.hex() not in repr(KEY)
    assert str(KEY.secret) not in repr(KEY)


def test_a_key_file_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "institution.key"
    key = InstitutionKey.create(path)
    assert InstitutionKey.load(path) == key
    assert path.read_text(encoding="ascii").startswith("clearance institution key, version 1\n")
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert InstitutionKey.load(path) == key


def test_a_key_file_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "institution.key"
    key = InstitutionKey.create(path)
    with pytest.raises(RegistryUnwritableError):
        InstitutionKey.create(path)
    assert InstitutionKey.load(path) == key


@posix_only
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601])
def test_a_key_that_others_can_use_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "institution.key"
    InstitutionKey.create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(mode)
    with pytest.raises(KeyExposedError, match="chmod 600"):
        InstitutionKey.load(path)


def test_a_missing_key_says_where_it_should_be(tmp_path: Path) -> None:
    with pytest.raises(KeyMissingError, match=re.escape(str(tmp_path / "institution.key"))):
        InstitutionKey.load(tmp_path / "institution.key")


@pytest.mark.parametrize(
    "alter",
    [
        lambda text: "",
        lambda text: "\x00\xff" * 20,
        lambda text: text.replace("version 1", "version 2"),
        lambda text: re.sub("key: .", "key: ?", text),
        lambda text: re.sub("key: .{4}", "key: ", text),
        lambda text: re.sub("id: .", "id: x", text),
        lambda text: re.sub("id: .{8}", "id: 00000000", text),
        lambda text: re.sub("key: .{4}", "key: AAAA", text),
        lambda text: text.replace("key: ", "key: AAAA"),
        lambda text: text[:-20],
    ],
)
def test_an_altered_key_file_is_refused(tmp_path: Path, alter: object) -> None:
    path = tmp_path / "institution.key"
    key = InstitutionKey.create(path)
    altered = alter(path.read_text(encoding="ascii"))  # type: ignore[operator]
    path.write_text(altered, encoding="latin-1")
    with pytest.raises(KeyWrongError) as caught:
        InstitutionKey.load(path)
    assert key.secret.hex() not in str(caught.value)


def test_the_environment_names_the_key_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CLEARANCE_KEY_FILE", raising=False)
    assert key_file(tmp_path) == tmp_path / "institution.key"
    monkeypatch.setenv("CLEARANCE_KEY_FILE", str(tmp_path / "elsewhere"))
    assert key_file(tmp_path) == tmp_path / "elsewhere"
