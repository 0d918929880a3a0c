"""What people said of regions of pictures, as rows of the registry's tables, and back.

The encrypted part is bound to the file, the region and the day: a row that was
moved to another face, or to another file, is damage and not a word.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING

from consent.records import NotAFace

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from consent.store import Store
    from consent.vault import PersonSafe

_STANDING = """
    SELECT id, picture, box, said_on, words FROM not_a_face
    WHERE picture = ? AND id NOT IN (SELECT word FROM not_a_face_undone) ORDER BY rowid
"""


def insert(store: Store, word: NotAFace, safe: PersonSafe) -> None:
    """File a word; inside a transaction."""
    spoken = json.dumps({"by": word.by, "reason": word.reason}).encode()
    record = {
        "id": word.id,
        "picture": word.picture,
        "box": json.dumps(word.box),
        "said_on": word.on.isoformat(),
    }
    store.insert("not_a_face", {**record, "words": safe.encrypt(_bound_to(record), spoken)})


def insert_undone(store: Store, word: NotAFace, by: str, on: dt.date, safe: PersonSafe) -> None:
    """File that a word was taken back; inside a transaction."""
    record = {
        "word": word.id,
        "undone_on": on.isoformat(),
        "words": safe.encrypt(f"undone {word.id}", json.dumps({"by": by}).encode()),
    }
    store.insert("not_a_face_undone", record)


def standing(store: Store, picture: str, safe: PersonSafe) -> tuple[NotAFace, ...]:
    """What was said of a picture and not taken back, oldest first.

    Raises:
        RegistryDamagedError: a row was altered outside the program.
    """
    return tuple(_word_from(row, safe) for row in store.rows(_STANDING, [picture]))


def _word_from(row: sqlite3.Row, safe: PersonSafe) -> NotAFace:
    # Decrypted before anything else is read: a row that was altered is not parsed.
    spoken = json.loads(safe.decrypt(_bound_to(row), row["words"]))
    left, top, right, bottom = json.loads(row["box"])
    return NotAFace(
        id=row["id"],
        picture=row["picture"],
        box=(left, top, right, bottom),
        by=spoken["by"],
        reason=spoken["reason"],
        on=dt.date.fromisoformat(row["said_on"]),
    )


def _bound_to(row: Mapping[str, str] | sqlite3.Row) -> str:
    return f"words {row['id']} {row['picture']} {row['box']} {row['said_on']}"
