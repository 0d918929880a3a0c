"""What people say of pictures is kept as it was said, and cannot be moved elsewhere."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from consent.errors import RecordInvalidError, RegistryDamagedError
from consent.records import NotAFace
from consent.registry import Registry
from tests.consent.factories import TODAY, TOMORROW, bytes_on_disk

PICTURE, OTHER = "a" * 64, "b" * 64
BOX = (10, 20, 110, 140)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "registry"


@pytest.fixture
def registry(folder: Path) -> Iterator[Registry]:
    with Registry.create(folder) as opened:
        yield opened


def say(registry: Registry, by: str = "Anna Keller", reason: str = "a poster") -> NotAFace:
    (word,) = registry.say_not_a_face(PICTURE, [BOX], by=by, reason=reason, on=TODAY)
    return word


def test_a_word_comes_back_as_it_was_said(registry: Registry, folder: Path) -> None:
    word = say(registry, "  Élodie   Favre ", " statue, in the park ")
    assert (word.by, word.reason, word.on) == ("Élodie Favre", "statue, in the park", TODAY)
    registry.close()
    with Registry.open(folder) as reopened:
        assert reopened.not_faces_in(PICTURE) == (word,)
        assert reopened.not_faces_in(OTHER) == ()


def test_the_oldest_word_stands_first(registry: Registry) -> None:
    said = [say(registry, reason=reason) for reason in ("poster", "a poster", "the poster")]
    assert list(registry.not_faces_in(PICTURE)) == said


def test_a_word_taken_back_counts_no_longer_and_stays_on_file(registry: Registry) -> None:
    first, second = say(registry), say(registry)
    registry.take_back_not_a_face([first], by="Bruno Frei", on=TOMORROW)
    assert registry.not_faces_in(PICTURE) == (second,)
    rows = registry._store.rows("SELECT count(*) AS n FROM not_a_face")
    assert rows[0]["n"] == 2


@pytest.mark.parametrize(
    ("by", "reason", "complaint"),
    [
        ("", "a poster", "who says so"),
        (" \n", "a poster", "who says so"),
        ("Anna", "  ", "the reason"),
        ("Anna", "a\x1b[2Jposter", "the reason"),
        ("Anna", "x" * 501, "501 characters"),
    ],
)
def test_a_word_of_nobody_or_without_a_reason_is_refused(
    registry: Registry, by: str, reason: str, complaint: str
) -> None:
    with pytest.raises(RecordInvalidError, match=complaint):
        say(registry, by, reason)
    assert registry.not_faces_in(PICTURE) == ()


def test_nobody_takes_a_word_back_namelessly(registry: Registry) -> None:
    word = say(registry)
    with pytest.raises(RecordInvalidError, match="who says so"):
        registry.take_back_not_a_face([word], by=" ", on=TODAY)
    assert registry.not_faces_in(PICTURE) == (word,)


@pytest.mark.parametrize(
    "change",
    [
        f"picture = '{OTHER}'",
        "box = '[300, 20, 400, 140]'",
        "box = 'everywhere'",
        "said_on = '2026-01-01'",
        "words = zeroblob(60)",
    ],
)
def test_a_word_moved_to_another_face_is_damage(
    registry: Registry, folder: Path, change: str
) -> None:
    say(registry)
    registry.close()
    with contextlib.closing(sqlite3.connect(folder / "registry.sqlite3")) as connection:
        connection.execute(f"UPDATE not_a_face SET {change}")
        connection.commit()
    with Registry.open(folder) as reopened, pytest.raises(RegistryDamagedError, match="altered"):
        reopened.not_faces_in(PICTURE)
        reopened.not_faces_in(OTHER)


def test_the_log_tells_what_was_said_and_taken_back_without_a_name(registry: Registry) -> None:
    word = say(registry)
    registry.take_back_not_a_face([word], by="Bruno Frei", on=TODAY)
    said, undone = list(registry._log.entries())[-2:]
    assert (said.action, said.subject) == ("not_a_face.said", PICTURE)
    assert said.details == {"word": word.id, "box": list(BOX)}
    assert (undone.action, undone.subject) == ("not_a_face.taken_back", PICTURE)
    assert undone.details == {"word": word.id}
    assert registry.verify_audit().ok


def test_who_said_it_and_why_is_not_written_readably(registry: Registry, folder: Path) -> None:
    word = say(registry, "Anna Keller", "a poster of Bruno")
    registry.take_back_not_a_face([word], by="Carla Rossi", on=TODAY)
    registry.close()
    content = bytes_on_disk(folder)
    assert [name for name in (b"Keller", b"Bruno", b"Rossi") if name in content] == []
