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
        "words": safe.encrypt(_bound_to(word.id, word.picture, word.box, word.on), spoken),
    }
    store.insert("not_a_face", record)


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
    found = []
    for row in store.rows(_STANDING, [picture]):
        left, top, right, bottom = json.loads(row["box"])
        box, on = (left, top, right, bottom), dt.date.fromisoformat(row["said_on"])
        spoken = safe.decrypt(_bound_to(row["id"], row["picture"], box, on), row["words"])
        found.append(
            NotAFace(id=row["id"], picture=row["picture"], box=box, on=on, **json.loads(spoken))
        )
    return tuple(found)


def _bound_to(word: str, picture: str, box: tuple[int, int, int, int], on: dt.date) -> str:
    return f"words {word} {picture} {json.dumps(box)} {on.isoformat()}"
