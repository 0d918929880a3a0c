"""Whom people recognised in pictures, as rows of the registry's tables, and back.

A row is encrypted under the key of the person who was recognised, and bound to the file,
the region and the day: one that was moved or altered is damage, and erasing the person
takes it along.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from consent.records import Identification

if TYPE_CHECKING:
    import sqlite3

    from consent.store import Store
    from consent.vault import PersonSafe

SafeOf = Callable[[str], "PersonSafe"]


def insert(store: Store, word: Identification, safe: PersonSafe) -> None:
    """File a word; inside a transaction."""
    store.insert("identification", _row(word, safe))


def update(store: Store, word: Identification, safe: PersonSafe) -> None:
    """File a word anew: taken back, or about the person under another id."""
    store.database.table("identification").update(word.id, _row(word, safe))


def of_picture(store: Store, picture: str, safe_of: SafeOf) -> tuple[Identification, ...]:
    """Everything that was said of a picture, oldest first, what was taken back too.

    Raises:
        RegistryDamagedError: a row was altered outside the program.
    """
    rows = store.rows("SELECT * FROM identification WHERE picture = ? ORDER BY rowid", [picture])
    return tuple(_word_from(row, safe_of(row["person"])) for row in rows)


def of_person(store: Store, person: str, safe: PersonSafe) -> tuple[Identification, ...]:
    """Every picture in which somebody was recognised.

    Raises:
        RegistryDamagedError: a row was altered outside the program.
    """
    rows = store.rows("SELECT * FROM identification WHERE person = ? ORDER BY rowid", [person])
    return tuple(_word_from(row, safe) for row in rows)


def _row(word: Identification, safe: PersonSafe) -> dict[str, object]:
    record = {
        "id": word.id,
        "picture": word.picture,
        "person": word.person,
        "said_on": word.on.isoformat(),
    }
    spoken = dataclasses.asdict(word)
    told = {key: spoken[key] for key in ("box", "by", "taken_back_by")}
    taken_back = word.taken_back.isoformat() if word.taken_back else None
    body = json.dumps({**told, "taken_back": taken_back}).encode()
    return {**record, "words": safe.encrypt(_bound_to(record), body)}


def _word_from(row: sqlite3.Row, safe: PersonSafe) -> Identification:
    # Decrypted before anything else is read: a row that was altered is not parsed.
    told = json.loads(safe.decrypt(_bound_to(row), row["words"]))
    left, top, right, bottom = told["box"]
    taken_back = told["taken_back"]
    return Identification(
        id=row["id"],
        picture=row["picture"],
        box=(left, top, right, bottom),
        person=row["person"],
        by=told["by"],
        on=dt.date.fromisoformat(row["said_on"]),
        taken_back=dt.date.fromisoformat(taken_back) if taken_back else None,
        taken_back_by=told["taken_back_by"],
    )


def _bound_to(row: dict[str, str] | sqlite3.Row) -> str:
    return f"identification {row['id']} {row['picture']} {row['said_on']}"
