"""The key is found where it is kept, and nothing else passes for it."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail, null
from keyring.errors import KeyringLocked

from consent.errors import (
    ConsentError,
    KeyExposedError,
    KeyMissingError,
    KeyWrongError,
    RegistryUnwritableError,
)
from consent.keys import InstitutionKey, KeyPlace, find_key, key_file, key_for_new, store_key

KEY = InstitutionKey(bytes(range(32)))
OTHER = InstitutionKey(bytes(range(1, 33)))
LINE = base64.b64encode(KEY.secret).decode()
posix_only = pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")


class MemoryKeyring(KeyringBackend):
    """Keeps what it is given, and counts how often it is asked."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}
        self.asked = 0

    def get_password(self, service: str, username: str) -> str | None:
        self.asked += 1
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password


class ForgetfulKeyring(MemoryKeyring):
    """Says that it keeps what it is given, and does not."""

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password[:-2] + "A="


class BrokenKeyring(MemoryKeyring):
    """Fails in a way of its own, and says aloud what it was given."""

    def __init__(self, error: type[Exception]) -> None:
        super().__init__()
        self._error = error

    def get_password(self, service: str, username: str) -> str | None:
        raise self._error(f"cannot read\n{username}: {LINE}")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise self._error(f"cannot write {password}")


@pytest.fixture(autouse=True)
def chain(monkeypatch: pytest.MonkeyPatch) -> Iterator[MemoryKeyring]:
    """An empty keyring in the place of the computer's own, and no variable."""
    monkeypatch.delenv("CLEARANCE_KEY", raising=False)
    monkeypatch.delenv("CLEARANCE_KEY_FILE", raising=False)
    before, memory = keyring.get_keyring(), MemoryKeyring()
    keyring.set_keyring(memory)
    yield memory
    keyring.set_keyring(before)


def key_text(key: InstitutionKey) -> str:
    encoded = base64.b64encode(key.secret).decode()
    return f"clearance institution key, version 1\nid: {key.id}\nkey: {encoded}\n"


def write_key(path: Path, key: InstitutionKey) -> None:
    path.write_text(key_text(key), encoding="ascii")
    path.chmod(0o600)


def assert_tells_no_secret(error: ConsentError) -> None:
    said = str(error)
    assert len(said.splitlines()) == 1
    for key in (KEY, OTHER):
        assert key.secret.hex() not in said
        assert base64.b64encode(key.secret).decode()[:40] not in said


# The key itself and its file.


def test_keys_for_different_purposes_differ_and_do_not_show_the_key() -> None:
    derived = [KEY.derive(purpose) for purpose in ("wrap", "name", "audit", "check", "id")]
    assert len({*derived, KEY.secret}) == 6
    assert KEY.secret.hex() not in repr(KEY)
    assert str(KEY.secret) not in repr(KEY)


def test_no_two_new_keys_are_the_same() -> None:
    assert len({InstitutionKey.generate().secret for _ in range(50)}) == 50


def test_a_key_file_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "institution.key"
    key = InstitutionKey.create(path)
    assert InstitutionKey.load(path) == key
    assert path.read_text(encoding="ascii") == key_text(key)
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert InstitutionKey.load(path) == key


def test_a_key_file_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "institution.key"
    key = InstitutionKey.create(path)
    with pytest.raises(RegistryUnwritableError):
        InstitutionKey.create(path)
    with pytest.raises(RegistryUnwritableError):
        store_key(OTHER, KeyPlace.FILE, tmp_path)
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


ALTERATIONS = [
    lambda text: "\x00\xff" * 20,
    lambda text: text.replace("version 1", "version 2"),
    lambda text: re.sub("key: .", "key: ?", text),
    lambda text: re.sub("key: .{4}", "key: ", text),
    lambda text: re.sub("id: .", "id: x", text),
    lambda text: re.sub("id: .{8}", "id: 00000000", text),
    lambda text: re.sub("key: .{4}", "key: ABAB", text),
    lambda text: text.replace("key: ", "key: AAAA"),
    lambda text: text[:-20],
    lambda text: text + text,
]


@pytest.mark.parametrize("alter", [lambda text: "", *ALTERATIONS])
def test_an_altered_key_file_is_refused(tmp_path: Path, alter: object) -> None:
    path = tmp_path / "institution.key"
    write_key(path, KEY)
    path.write_text(alter(key_text(KEY)), encoding="latin-1")  # type: ignore[operator]
    with pytest.raises(KeyWrongError, match=re.escape(str(path))) as caught:
        find_key(tmp_path, KEY.id)
    assert_tells_no_secret(caught.value)


def test_the_environment_names_the_key_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert key_file(tmp_path) == tmp_path / "institution.key"
    monkeypatch.setenv("CLEARANCE_KEY_FILE", str(tmp_path / "elsewhere"))
    assert key_file(tmp_path) == tmp_path / "elsewhere"


# The places, in their order.


def test_the_first_place_that_has_a_key_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chain: MemoryKeyring
) -> None:
    keys = [InstitutionKey.generate() for _ in range(4)]
    chain.kept["clearance", KEY.id] = LINE
    assert find_key(tmp_path, KEY.id) == KEY
    assert chain.asked == 1
    write_key(tmp_path / "institution.key", keys[2])
    assert find_key(tmp_path, keys[2].id) == keys[2]
    write_key(tmp_path / "named", keys[1])
    monkeypatch.setenv("CLEARANCE_KEY_FILE", str(tmp_path / "named"))
    assert find_key(tmp_path, keys[1].id) == keys[1]
    monkeypatch.setenv("CLEARANCE_KEY", key_text(keys[0]))
    assert find_key(tmp_path, None) == keys[0]
    assert chain.asked == 1


@pytest.mark.parametrize(
    "text",
    [key_text(KEY), key_text(KEY).replace("\n", "\r\n"), LINE, f"  {LINE}\n", f"key: {LINE}"],
)
def test_a_variable_holds_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("CLEARANCE_KEY", text)
    assert find_key(tmp_path, KEY.id) == KEY


@pytest.mark.parametrize(
    "alter",
    [
        *ALTERATIONS[1:],
        lambda text: LINE[:-1],
        lambda text: LINE[4:],
        lambda text: LINE + LINE,
        lambda text: KEY.secret.hex(),
        lambda text: "/etc/institution.key",
    ],
)
def test_a_variable_that_holds_no_key_is_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, alter: object
) -> None:
    write_key(tmp_path / "institution.key", KEY)
    monkeypatch.setenv("CLEARANCE_KEY", alter(key_text(KEY)))  # type: ignore[operator]
    for key_id in (None, KEY.id):
        with pytest.raises(KeyWrongError, match="CLEARANCE_KEY ") as caught:
            find_key(tmp_path, key_id)
        assert_tells_no_secret(caught.value)


@pytest.mark.parametrize("variable", ["CLEARANCE_KEY", "CLEARANCE_KEY_FILE"])
@pytest.mark.parametrize("value", ["", " \n"])
def test_an_empty_variable_is_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    write_key(tmp_path / "institution.key", KEY)
    monkeypatch.setenv(variable, value)
    with pytest.raises(KeyMissingError, match=f"{variable} is set, but empty"):
        find_key(tmp_path, KEY.id)
    with pytest.raises(KeyMissingError):
        key_for_new(tmp_path, KeyPlace.FILE)


def test_a_named_file_that_is_not_there_is_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chain: MemoryKeyring
) -> None:
    write_key(tmp_path / "institution.key", KEY)
    chain.kept["clearance", KEY.id] = LINE
    monkeypatch.setenv("CLEARANCE_KEY_FILE", str(tmp_path / "gone"))
    with pytest.raises(KeyMissingError, match="gone"):
        find_key(tmp_path, KEY.id)


@posix_only
def test_a_link_to_a_disk_that_is_not_there_is_not_passed_over(
    tmp_path: Path, chain: MemoryKeyring
) -> None:
    (tmp_path / "institution.key").symlink_to(tmp_path / "stick" / "institution.key")
    chain.kept["clearance", KEY.id] = LINE
    with pytest.raises(KeyMissingError, match=r"institution\.key"):
        find_key(tmp_path, KEY.id)


def test_the_key_of_another_registry_is_refused_from_every_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chain: MemoryKeyring
) -> None:
    def refused(source: str) -> None:
        with pytest.raises(KeyWrongError, match=f"{source} has the id {OTHER.id}") as caught:
            find_key(tmp_path, KEY.id)
        assert KEY.id in str(caught.value)
        assert_tells_no_secret(caught.value)

    chain.kept["clearance", KEY.id] = base64.b64encode(OTHER.secret).decode()
    refused("the keyring")
    write_key(tmp_path / "institution.key", OTHER)
    refused(re.escape(str(tmp_path / "institution.key")))
    monkeypatch.setenv("CLEARANCE_KEY", key_text(OTHER))
    refused("CLEARANCE_KEY")


# The keyring.


def test_the_keyring_keeps_a_key_by_its_id(tmp_path: Path, chain: MemoryKeyring) -> None:
    for key in (KEY, OTHER):
        store_key(key, KeyPlace.KEYRING, tmp_path)
    assert [find_key(tmp_path, key.id) for key in (KEY, OTHER)] == [KEY, OTHER]
    assert set(chain.kept) == {("clearance", KEY.id), ("clearance", OTHER.id)}
    assert not list(tmp_path.iterdir())


def test_a_key_that_is_nowhere_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(KeyMissingError) as caught:
        find_key(tmp_path, KEY.id)
    said = str(caught.value)
    for wanted in (str(tmp_path / "institution.key"), "MemoryKeyring", KEY.id, "safe copy"):
        assert wanted in said
    assert_tells_no_secret(caught.value)


def test_without_an_id_the_keyring_is_not_searched(tmp_path: Path, chain: MemoryKeyring) -> None:
    with pytest.raises(KeyMissingError, match="not searched"):
        find_key(tmp_path, None)
    assert chain.asked == 0


@pytest.mark.parametrize(
    "text", ["", "correct horse battery staple", LINE[:-4], key_text(KEY)[:-9]]
)
def test_what_the_keyring_has_must_be_a_key(
    tmp_path: Path, chain: MemoryKeyring, text: str
) -> None:
    chain.kept["clearance", KEY.id] = text
    with pytest.raises(KeyWrongError, match="MemoryKeyring") as caught:
        find_key(tmp_path, KEY.id)
    assert_tells_no_secret(caught.value)
    assert text[:30] not in str(caught.value) or not text


@pytest.mark.parametrize(
    ("error", "said"),
    [(KeyringLocked, "unlock it"), (OSError, "OSError"), (RuntimeError, "RuntimeError")],
)
def test_a_keyring_that_fails_is_said_and_tells_no_secret(
    tmp_path: Path, error: type[Exception], said: str
) -> None:
    keyring.set_keyring(BrokenKeyring(error))
    with pytest.raises(KeyMissingError, match=said) as missing:
        find_key(tmp_path, KEY.id)
    with pytest.raises(RegistryUnwritableError, match=said) as unwritable:
        store_key(KEY, KeyPlace.KEYRING, tmp_path)
    assert_tells_no_secret(missing.value)
    assert_tells_no_secret(unwritable.value)


class PlainFileKeyring(MemoryKeyring):
    """Stands for those that write what they are given into a readable file."""

    priority = 0.5  # type: ignore[assignment]


class EmptyChain(MemoryKeyring):
    """What a chain of keyrings is when there is none to chain."""

    priority = -1


@pytest.mark.parametrize("kind", [fail.Keyring, null.Keyring, PlainFileKeyring, EmptyChain])
def test_what_keeps_no_secrets_is_no_keyring(tmp_path: Path, kind: type[KeyringBackend]) -> None:
    keyring.set_keyring(kind())
    with pytest.raises(RegistryUnwritableError, match="no keyring that can be used"):
        store_key(KEY, KeyPlace.KEYRING, tmp_path)
    with pytest.raises(KeyMissingError, match="no keyring that can be used"):
        find_key(tmp_path, KEY.id)


def test_a_keyring_that_gives_something_else_back_keeps_no_key(tmp_path: Path) -> None:
    keyring.set_keyring(ForgetfulKeyring())
    with pytest.raises(RegistryUnwritableError, match="did not give back"):
        store_key(KEY, KeyPlace.KEYRING, tmp_path)


def test_without_the_package_the_other_places_still_serve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(KeyMissingError, match="not installed"):
        find_key(tmp_path, KEY.id)
    with pytest.raises(RegistryUnwritableError, match="not installed"):
        store_key(KEY, KeyPlace.KEYRING, tmp_path)
    store_key(KEY, KeyPlace.FILE, tmp_path)
    assert find_key(tmp_path, KEY.id) == KEY


def test_a_key_in_a_file_costs_no_look_at_the_keyring(tmp_path: Path) -> None:
    write_key(tmp_path / "institution.key", KEY)
    program = (
        "import sys; from pathlib import Path; from consent.keys import find_key; "
        "find_key(Path(sys.argv[1]), None); sys.exit('keyring' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True)


# The key of a new registry.


def test_a_new_key_is_kept_where_it_was_asked_for(tmp_path: Path, chain: MemoryKeyring) -> None:
    in_keyring = key_for_new(tmp_path, KeyPlace.KEYRING)
    assert find_key(tmp_path, in_keyring.id) == in_keyring
    assert not list(tmp_path.iterdir())
    in_file = key_for_new(tmp_path, KeyPlace.FILE)
    assert in_file != in_keyring
    assert find_key(tmp_path, in_file.id) == in_file
    assert len(chain.kept) == 1


def test_a_named_file_that_is_not_there_yet_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLEARANCE_KEY_FILE", str(tmp_path / "named"))
    key = key_for_new(tmp_path, KeyPlace.FILE)
    assert InstitutionKey.load(tmp_path / "named") == key
    assert [path.name for path in tmp_path.iterdir()] == ["named"]


@pytest.mark.parametrize("place", ["file", "variable"])
def test_a_key_that_is_there_already_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chain: MemoryKeyring, place: str
) -> None:
    if place == "file":
        write_key(tmp_path / "institution.key", KEY)
    else:
        monkeypatch.setenv("CLEARANCE_KEY", LINE)
    before = sorted(tmp_path.iterdir())
    assert key_for_new(tmp_path, KeyPlace.FILE) == KEY
    with pytest.raises(RegistryUnwritableError, match="used instead of the keyring") as caught:
        key_for_new(tmp_path, KeyPlace.KEYRING)
    assert_tells_no_secret(caught.value)
    assert sorted(tmp_path.iterdir()) == before
    assert not chain.kept
