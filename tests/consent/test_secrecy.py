"""Nothing that identifies anybody lies readable on the disk, and what is deleted is gone."""

from __future__ import annotations

import base64
import datetime as dt
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from consent.errors import PersonUnknownError
from consent.keys import InstitutionKey
from consent.registry import Registry
from tests.consent.factories import (
    NAME,
    PORTRAIT,
    RECOGNISER,
    SCAN,
    TEMPLATE,
    TODAY,
    born,
    bytes_on_disk,
    enrol,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "registry"


@pytest.fixture
def registry(folder: Path) -> Iterator[Registry]:
    with Registry.create(folder) as opened:
        yield opened


def clear_texts(folder: Path) -> list[bytes]:
    """What must never be found, each short enough to fit into one page of the file."""
    key = InstitutionKey.load(folder / "institution.key").secret
    words = [word for part in NAME.split() for word in (part, part.casefold(), part.upper())]
    return [
        *(word.encode(codec) for word in words for codec in ("utf-8", "utf-16-le", "latin-1")),
        PORTRAIT.data[:24],
        SCAN[:24],
        TEMPLATE[:24],
        key,
        key.hex().encode(),
        base64.b64encode(key),
    ]


def test_nothing_is_written_readably(registry: Registry, folder: Path) -> None:
    person = enrol(registry)
    registry.audit("photo.checked", people=[person])
    # Once with the write-ahead log beside the file, once with all in the file.
    while_open = bytes_on_disk(folder)
    registry.close()
    for content in (while_open, bytes_on_disk(folder)):
        assert person.encode() in content
        assert [text for text in clear_texts(folder) if text in content] == []


def test_a_day_of_birth_is_not_written_readably(registry: Registry, folder: Path) -> None:
    child = registry.add_person(NAME, [], on=TODAY, born=dt.date(2015, 3, 2))
    born(registry, child.id, dt.date(2014, 2, 1))
    registry.close()
    content = bytes_on_disk(folder)
    assert [day for day in (b"2015-03-02", b"2014-02-01") if day in content] == []


def encrypted_biometrics(folder: Path) -> list[bytes]:
    with closing(sqlite3.connect(folder / "registry.sqlite3")) as connection:
        templates = [data for (data,) in connection.execute("SELECT data FROM template")]
        files = [name for (name,) in connection.execute("SELECT file FROM portrait")]
    assert templates
    assert files
    return templates + [(folder / "evidence" / name).read_bytes() for name in files]


def test_a_withdrawal_leaves_not_even_the_encrypted_face_behind(
    registry: Registry, folder: Path
) -> None:
    person = enrol(registry)
    others = enrol(registry, "Anna Keller", "B-1")
    ciphertexts = encrypted_biometrics(folder)
    before = bytes_on_disk(folder)
    assert [text in before for text in ciphertexts] == [True] * 4
    registry.withdraw(person, None, on=TODAY)
    registry.withdraw(others, None, on=TODAY)
    after = bytes_on_disk(folder)
    # Pieces too: a page may hold the middle of what it held before.
    pieces = [text[at : at + 16] for text in ciphertexts for at in range(0, len(text) - 16, 16)]
    assert [piece for piece in pieces if piece in after] == []


def test_sweeping_leaves_nothing_behind_either(registry: Registry, folder: Path) -> None:
    enrol(registry)
    ciphertexts = encrypted_biometrics(folder)
    registry.sweep(TODAY.replace(year=2040))
    after = bytes_on_disk(folder)
    assert [text for text in ciphertexts if text[:32] in after] == []


def test_destroying_a_persons_key_destroys_everything_about_them(
    registry: Registry, folder: Path
) -> None:
    person, other = enrol(registry), enrol(registry, "Anna Keller", "B-1")
    registry._store.connection.execute("DELETE FROM person_key WHERE person = ?", [person])
    with pytest.raises(PersonUnknownError):
        registry.person(person)
    with pytest.raises(PersonUnknownError):
        registry.portraits_of(person)
    with pytest.raises(PersonUnknownError):
        registry.evidence_of("A-1")
    assert registry.gallery(RECOGNISER, TODAY) == ((other, TEMPLATE),)
    assert [p.id for p in registry.people()] == [other]


def test_an_error_shows_no_key_and_no_other_persons_name(registry: Registry) -> None:
    enrol(registry)
    with pytest.raises(PersonUnknownError) as caught:
        registry.find_person("Somebody Else")
    assert not any(part in str(caught.value) for part in NAME.split())
