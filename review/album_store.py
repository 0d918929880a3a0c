"""The desk's own file: albums, their items, what was seen and decided, small pictures.

What names people, or says whom they are like, is encrypted under the institution's key, each
value bound to its row. Readable are random ids, hashes, verdicts and days. Every method opens the
file for itself, so that any thread may call it.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import secrets
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clearance.results import Outcome
from consent.store import translated_errors, unwritable
from review.errors import AlbumMissingError, DeskDamagedError, ItemMissingError
from review.records import (
    Album,
    Decision,
    Item,
    Kind,
    Noted,
    State,
    decision_document,
    decision_from,
    problem_document,
    problem_from,
)

if TYPE_CHECKING:
    from consent.vault import PersonSafe

DATABASE_NAME = "desk.sqlite3"
SCHEMA = 1
BUSY_SECONDS = 10.0
_PRAGMAS = (
    "PRAGMA foreign_keys = ON",
    # What is deleted is overwritten.
    "PRAGMA secure_delete = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA trusted_schema = OFF",
)
_TABLES = """
    CREATE TABLE album (
        id TEXT PRIMARY KEY,
        touched TEXT NOT NULL,
        asked INTEGER NOT NULL DEFAULT 0,
        body BLOB NOT NULL,
        problem BLOB
    ) STRICT;
    CREATE TABLE item (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        album TEXT NOT NULL REFERENCES album (id) ON DELETE CASCADE,
        kind TEXT NOT NULL,
        state TEXT NOT NULL,
        sha256 TEXT,
        size INTEGER NOT NULL,
        file TEXT,
        name BLOB NOT NULL,
        problem BLOB,
        outcome TEXT,
        channels TEXT NOT NULL DEFAULT '{}',
        faces INTEGER NOT NULL DEFAULT 0,
        ready INTEGER NOT NULL DEFAULT 0,
        settled INTEGER NOT NULL DEFAULT 0,
        needs INTEGER NOT NULL DEFAULT 0,
        decided INTEGER NOT NULL DEFAULT -1,
        UNIQUE (album, sha256)
    ) STRICT;
    CREATE INDEX item_by_album ON item (album, number);
    CREATE INDEX item_by_sha256 ON item (sha256);
    CREATE TABLE look (
        item TEXT PRIMARY KEY REFERENCES item (id) ON DELETE CASCADE,
        version TEXT NOT NULL,
        gallery TEXT NOT NULL,
        narrowed INTEGER NOT NULL,
        body BLOB NOT NULL
    ) STRICT;
    CREATE TABLE gallery (
        id TEXT PRIMARY KEY,
        body BLOB NOT NULL
    ) STRICT;
    CREATE TABLE thumbnail (
        item TEXT PRIMARY KEY REFERENCES item (id) ON DELETE CASCADE,
        body BLOB NOT NULL
    ) STRICT;
    CREATE TABLE decision (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        item TEXT NOT NULL REFERENCES item (id) ON DELETE CASCADE,
        body BLOB NOT NULL,
        undone BLOB
    ) STRICT;
    CREATE INDEX decision_by_item ON decision (item);
    CREATE TABLE copy (
        item TEXT PRIMARY KEY REFERENCES item (id) ON DELETE CASCADE,
        file TEXT NOT NULL,
        basis TEXT NOT NULL,
        body BLOB NOT NULL
    ) STRICT;
    CREATE TABLE asked (
        publication TEXT PRIMARY KEY,
        album TEXT NOT NULL REFERENCES album (id) ON DELETE CASCADE
    ) STRICT;
    CREATE TABLE desk (
        only INTEGER PRIMARY KEY CHECK (only = 1),
        epoch INTEGER NOT NULL,
        seen INTEGER NOT NULL,
        day TEXT NOT NULL,
        settings TEXT NOT NULL
    ) STRICT;
    INSERT INTO desk VALUES (1, 0, 0, '', '');
"""
_TILE = """
    SELECT id, album, kind, state, sha256, size, file, name, problem, outcome, channels, faces,
        settled, ready, decided >= needs AS fresh,
        EXISTS (SELECT 1 FROM copy WHERE copy.item = item.id) AS copied
    FROM item
"""
_NEIGHBOURS = (
    (
        "SELECT other.id FROM item JOIN item AS other ON other.album = item.album "
        "AND other.number < item.number AND other.state != 'aside' "
        "WHERE item.id = ? ORDER BY other.number DESC LIMIT 1"
    ),
    (
        "SELECT other.id FROM item JOIN item AS other ON other.album = item.album "
        "AND other.number > item.number AND other.state != 'aside' "
        "WHERE item.id = ? ORDER BY other.number LIMIT 1"
    ),
)
_ITEM = "SELECT id, album, kind, state, sha256, size, file, name, problem FROM item"


def new_id() -> str:
    """A random id, which is also the name of a file."""
    return secrets.token_hex(12)


class AlbumStore:
    """The open desk file; no connection is kept."""

    def __init__(self, path: Path, safe: PersonSafe) -> None:
        """Make the file where there is none.

        Args:
            path: of the file.
            safe: encrypts what names people.

        Raises:
            DeskDamagedError: another version wrote it.
            ConsentError: it cannot be read or written.
        """
        self.path = path
        self._safe = safe
        self._thread = threading.local()
        try:
            path.touch(mode=0o600)
        except OSError as error:
            raise unwritable(path, error) from error
        with self._connected() as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("BEGIN IMMEDIATE")
            known = db.execute("PRAGMA user_version").fetchone()[0]
            if known == 0:
                for statement in _TABLES.split(";"):
                    db.execute(statement)
                db.execute(f"PRAGMA user_version = {SCHEMA}")
            elif known != SCHEMA:
                db.rollback()
                raise DeskDamagedError(
                    "{path} was written by another version of this program: install that one, or "
                    "move the file away and take the pictures in again",
                    path=path,
                )
            db.execute("COMMIT")

    # Albums

    def add_album(self, album: Album) -> None:
        """File a new album."""
        body = self._seal("album", album.id, _album_document(album))
        with self._writing() as db:
            db.execute(
                "INSERT INTO album (id, touched, body) VALUES (?, ?, ?)",
                (album.id, album.touched.isoformat(), body),
            )

    def album(self, album_id: str) -> Album:
        """One album.

        Raises:
            AlbumMissingError: there is none.
        """
        rows = self._rows("SELECT id, touched, body FROM album WHERE id = ?", [album_id])
        if not rows:
            raise _no_album()
        return self._album(rows[0])

    def albums(self) -> tuple[Album, ...]:
        """Every album, the newest first."""
        rows = self._rows("SELECT id, touched, body FROM album ORDER BY rowid DESC")
        return tuple(map(self._album, rows))

    def touch(self, album_id: str, day: dt.date) -> None:
        """Note that somebody worked on an album."""
        with self._writing() as db:
            db.execute("UPDATE album SET touched = ? WHERE id = ?", (day.isoformat(), album_id))

    def keep_asked(self, publication: str, album_id: str) -> None:
        """Note that a publication was asked for over the pictures of an album.

        Raises:
            AlbumMissingError: there is none.
        """
        with self._writing() as db:
            if not db.execute("SELECT 1 FROM album WHERE id = ?", [album_id]).fetchone():
                raise _no_album()
            db.execute("INSERT OR REPLACE INTO asked VALUES (?, ?)", [publication, album_id])

    def album_asked(self, publication: str) -> str | None:
        """The album whose pictures a publication was asked for; None where it is gone."""
        rows = self._rows("SELECT album FROM asked WHERE publication = ?", [publication])
        return rows[0]["album"] if rows else None

    def publications_over(self, album_id: str) -> tuple[str, ...]:
        """The publications that were asked for over an album."""
        rows = self._rows(
            "SELECT publication FROM asked WHERE album = ? ORDER BY publication", [album_id]
        )
        return tuple(row["publication"] for row in rows)

    def untouched_since(self, day: dt.date) -> tuple[str, ...]:
        """Ids of albums on which nobody worked on that day or later."""
        rows = self._rows("SELECT id FROM album WHERE touched < ?", [day.isoformat()])
        return tuple(row["id"] for row in rows)

    def delete_album(self, album_id: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Forget an album: what is to be deleted, names of originals and names of copies.

        Raises:
            AlbumMissingError: there is none.
        """
        with self._writing() as db:
            files = db.execute(
                "SELECT file FROM item WHERE album = ? AND file IS NOT NULL", [album_id]
            ).fetchall()
            copies = db.execute(
                "SELECT copy.file FROM copy JOIN item ON item.id = copy.item WHERE album = ?",
                [album_id],
            ).fetchall()
            if not db.execute("DELETE FROM album WHERE id = ?", [album_id]).rowcount:
                raise _no_album()
            db.execute("DELETE FROM gallery WHERE id NOT IN (SELECT gallery FROM look)")
        return tuple(row[0] for row in files), tuple(row[0] for row in copies)

    def forget_deleted(self) -> None:
        """Write the file anew without what was deleted, and empty its write-ahead log.

        Raises:
            ConsentError: it cannot be written.
        """
        with self._connected() as db:
            db.execute("VACUUM")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def ask(self, album_id: str, *, asked: bool, problem: Exception | None = None) -> None:
        """Note whether somebody wants the waiting items judged, and why that came to an end."""
        told = problem and self._seal(
            "album problem", album_id, problem_document(problem, None, "")
        )
        with self._writing() as db:
            db.execute(
                "UPDATE album SET asked = ?, problem = ? WHERE id = ?", (asked, told, album_id)
            )

    def finish(self, album_id: str) -> None:
        """Note that an album is done, unless something came in meanwhile."""
        with self._writing() as db:
            db.execute(
                "UPDATE album SET asked = 0 WHERE id = ?1 AND NOT EXISTS "
                "(SELECT 1 FROM item WHERE album = ?1 AND state = 'waiting')",
                [album_id],
            )

    def asked(self) -> tuple[str, ...]:
        """Ids of albums that wait for somebody to judge them, oldest first."""
        return tuple(
            row["id"] for row in self._rows("SELECT id FROM album WHERE asked = 1 ORDER BY rowid")
        )

    def asking(self, album_id: str) -> tuple[bool, Exception | None]:
        """Whether an album waits for that, and why the run before came to an end.

        Raises:
            AlbumMissingError: there is none.
        """
        rows = self._rows("SELECT asked, problem FROM album WHERE id = ?", [album_id])
        if not rows:
            raise _no_album()
        told = rows[0]["problem"]
        problem = told and problem_from(self._open("album problem", album_id, told))
        return bool(rows[0]["asked"]), problem or None

    # Items

    def add_item(self, item: Item, *, most: int) -> tuple[Item, bool] | None:
        """File an item, unless its bytes are in the album already.

        Args:
            item: the new one.
            most: how many items an album holds at most.

        Returns:
            The item that is there now, and whether it was before; None where there is no room.

        Raises:
            AlbumMissingError: the album was deleted.
        """
        problem = item.problem and self._seal(
            "problem", item.id, problem_document(item.problem, item.file, item.name)
        )
        with self._writing() as db:
            if not db.execute("SELECT 1 FROM album WHERE id = ?", [item.album]).fetchone():
                raise _no_album()
            twin = db.execute(
                f"{_ITEM} WHERE album = ? AND sha256 = ?", (item.album, item.sha256)
            ).fetchone()
            if twin:
                return self._item(twin), True
            count = db.execute("SELECT COUNT(*) FROM item WHERE album = ?", [item.album])
            if count.fetchone()[0] >= most:
                return None
            row = (
                *(item.id, item.album, item.kind, item.state, item.sha256, item.size, item.file),
                *(self._seal("name", item.id, item.name), problem or None),
                Outcome.FAILED if item.state is State.FAILED else None,
            )
            db.execute(
                "INSERT INTO item (id, album, kind, state, sha256, size, file, name, problem, "
                "outcome) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            )
        return item, False

    def item(self, item_id: str) -> Item:
        """One item.

        Raises:
            ItemMissingError: there is none.
        """
        rows = self._rows(f"{_ITEM} WHERE id = ?", [item_id])
        if not rows:
            raise _no_item()
        return self._item(rows[0])

    def neighbours(self, item_id: str) -> tuple[str | None, str | None]:
        """The ids of the file before and the one after, in the order of their album."""
        before, after = (self._rows(query, [item_id]) for query in _NEIGHBOURS)
        return before[0]["id"] if before else None, after[0]["id"] if after else None

    def delete_item(self, item_id: str) -> tuple[str, ...]:
        """Forget a file: the names under which it and its copy lie, to be deleted.

        Raises:
            ItemMissingError: there is none.
        """
        with self._writing() as db:
            names = db.execute(
                "SELECT item.file, copy.file AS copied FROM item "
                "LEFT JOIN copy ON copy.item = item.id WHERE item.id = ?",
                [item_id],
            ).fetchone()
            if names is None:
                raise _no_item()
            db.execute("DELETE FROM item WHERE id = ?", [item_id])
            db.execute("DELETE FROM gallery WHERE id NOT IN (SELECT gallery FROM look)")
        self.forget_deleted()
        return tuple(name for name in names if name)

    def bytes_in(self, album_id: str) -> int:
        """The bytes of all files of an album."""
        rows = self._rows("SELECT COALESCE(SUM(size), 0) FROM item WHERE album = ?", [album_id])
        return int(rows[0][0])

    def waiting(self, album_id: str, most: int) -> tuple[Item, ...]:
        """The first items of an album that wait to be judged, in their order."""
        rows = self._rows(
            f"{_ITEM} WHERE album = ? AND state = 'waiting' ORDER BY number LIMIT ?",
            (album_id, most),
        )
        return tuple(map(self._item, rows))

    def item_of_file(self, file: str) -> Item | None:
        """The item whose bytes lie in a file of that name."""
        rows = self._rows(f"{_ITEM} WHERE file = ?", [file])
        return self._item(rows[0]) if rows else None

    def items_of_picture(self, sha256: str) -> tuple[Item, ...]:
        """The items of every album that have these bytes."""
        return tuple(map(self._item, self._rows(f"{_ITEM} WHERE sha256 = ?", [sha256])))

    def set_state(self, item_ids: Sequence[str], state: State) -> None:
        """Note how far the desk is with some items."""
        with self._writing() as db:
            db.executemany(
                "UPDATE item SET state = ? WHERE id = ?", [(state, one) for one in item_ids]
            )

    def nobody_looks(self) -> None:
        """Put back what was being looked at when the program ended."""
        with self._writing() as db:
            db.execute("UPDATE item SET state = 'waiting' WHERE state = 'looking'")

    def fail(self, item: Item, problem: Exception, epoch: int) -> None:
        """Note that an item cannot be judged, and why."""
        told = self._seal("problem", item.id, problem_document(problem, item.file, item.name))
        with self._writing() as db:
            db.execute(
                "UPDATE item SET state = 'failed', problem = ?, outcome = 'failed', "
                "channels = '{}', faces = 0, ready = 0, decided = ? WHERE id = ?",
                (told, epoch, item.id),
            )
            # Nothing is decided about it until somebody has looked at it anew.
            db.execute("DELETE FROM look WHERE item = ?", [item.id])

    def decided(self, item_id: str, noted: Noted, epoch: int) -> None:
        """Note a verdict, as the registry stood at an epoch."""
        with self._writing() as db:
            db.execute(
                "UPDATE item SET state = ?, outcome = ?, channels = ?, faces = ?, settled = ?, "
                "ready = ?, decided = ?, problem = NULL WHERE id = ?",
                (
                    *(noted.state, noted.outcome, json.dumps(noted.channels), noted.faces),
                    *(noted.settled, noted.ready, epoch, item_id),
                ),
            )

    def stale(self, album_id: str) -> tuple[str, ...]:
        """Ids of items that were seen, and whose verdict is older than what it rests on."""
        rows = self._rows(
            "SELECT item.id FROM item JOIN look ON look.item = item.id "
            "WHERE album = ? AND decided < needs ORDER BY number",
            [album_id],
        )
        return tuple(row["id"] for row in rows)

    def stale_albums(self) -> tuple[str, ...]:
        """Ids of the albums with items of which `stale` speaks."""
        rows = self._rows(
            "SELECT DISTINCT album FROM item JOIN look ON look.item = item.id WHERE decided < needs"
        )
        return tuple(row["album"] for row in rows)

    def counts(self, album_id: str) -> dict[str, int]:
        """How many items of an album are in which state; those with a verdict by that."""
        rows = self._rows(
            "SELECT CASE WHEN state IN ('judged', 'failed') AND outcome IS NOT NULL "
            "AND decided >= needs THEN outcome ELSE state END AS what, COUNT(*) AS n "
            "FROM item WHERE album = ? GROUP BY what",
            [album_id],
        )
        return {row["what"]: row["n"] for row in rows}

    def page(
        self,
        album_id: str,
        outcome: Outcome | None,
        channel: str | None,
        offset: int,
        limit: int,
    ) -> tuple[list[sqlite3.Row], int]:
        """Rows of some items in their order, and how many there are with that verdict."""
        where, values = "album = ?", [album_id]
        if outcome is Outcome.FAILED:
            where += " AND state = 'failed'"
        elif outcome and channel:
            where += " AND decided >= needs AND json_extract(channels, ?) = ?"
            values += [f"$.{json.dumps(channel)}", outcome.value]
        elif outcome:
            where += " AND decided >= needs AND outcome = ?"
            values.append(outcome.value)
        # Of the condition only values come from outside, and these are bound.
        counted = f"SELECT COUNT(*) FROM item WHERE {where}"  # noqa: S608
        total = self._rows(counted, values)[0][0]
        chosen = f"{_TILE} WHERE {where} ORDER BY number LIMIT ? OFFSET ?"
        rows = self._rows(chosen, [*values, limit, offset])
        return rows, total

    def item_in(self, row: sqlite3.Row) -> Item:
        """The item of a row of `page`."""
        return self._item(row)

    # What the verdicts rest on

    def standing(self) -> tuple[int, int, str, str]:
        """Epoch, the last entry of the log that counts, the day, and what tells the settings."""
        row = self._rows("SELECT epoch, seen, day, settings FROM desk")[0]
        return row["epoch"], row["seen"], row["day"], row["settings"]

    def advance(
        self,
        seen: int,
        day: str,
        settings: str,
        *,
        everything: bool,
        pictures: Sequence[str] = (),
    ) -> int:
        """Begin a new epoch: the verdicts on these pictures, or on all of them, are stale.

        Returns:
            The number of the epoch.
        """
        with self._writing() as db:
            epoch = int(db.execute("SELECT epoch FROM desk").fetchone()[0])
            if everything or pictures:
                epoch += 1
            db.execute(
                "UPDATE desk SET epoch = ?, seen = ?, day = ?, settings = ?",
                (epoch, seen, day, settings),
            )
            if everything:
                db.execute("UPDATE item SET needs = ?", [epoch])
            elif pictures:
                concerned = [(epoch, sha256) for sha256 in pictures]
                db.executemany("UPDATE item SET needs = ? WHERE sha256 = ?", concerned)
        return epoch

    def keep_gallery(self, gallery: str, people: Mapping[str, str]) -> None:
        """Keep whom faces are compared with; what no look was compared with is forgotten."""
        body = self._seal("gallery", gallery, people)
        with self._writing() as db:
            db.execute("DELETE FROM gallery WHERE id NOT IN (SELECT gallery FROM look)")
            db.execute("INSERT OR IGNORE INTO gallery VALUES (?, ?)", (gallery, body))

    def gallery(self, gallery: str) -> dict[str, str] | None:
        """Whom faces were compared with, each with what tells their templates."""
        rows = self._rows("SELECT body FROM gallery WHERE id = ?", [gallery])
        people: dict[str, str] | None = self._open("gallery", gallery, rows[0][0]) if rows else None
        return people

    def keep_look(
        self, item_id: str, version: str, gallery: str, told: object, *, narrowed: bool
    ) -> None:
        """Keep what was seen of an item, and with what."""
        body = self._seal("look", item_id, told)
        with self._writing() as db:
            # Its album may have been deleted meanwhile.
            db.execute(
                "INSERT OR REPLACE INTO look SELECT id, ?, ?, ?, ? FROM item WHERE id = ?",
                (version, gallery, narrowed, body, item_id),
            )

    def look(self, item_id: str) -> tuple[str, str, bool, Any] | None:
        """Version, gallery, whether it was narrowed, and what was seen; None for nothing."""
        rows = self._rows("SELECT * FROM look WHERE item = ?", [item_id])
        if not rows:
            return None
        row = rows[0]
        told = self._open("look", item_id, row["body"])
        return row["version"], row["gallery"], bool(row["narrowed"]), told

    def drop_look(self, item_id: str) -> None:
        """Forget what was seen of an item."""
        with self._writing() as db:
            db.execute("DELETE FROM look WHERE item = ?", [item_id])

    def keep_thumbnail(self, item_id: str, jpeg: bytes) -> None:
        """Keep the small picture of an item."""
        body = self._safe.encrypt(f"desk thumbnail {item_id}", jpeg)
        with self._writing() as db:
            db.execute(
                "INSERT OR REPLACE INTO thumbnail SELECT id, ? FROM item WHERE id = ?",
                (body, item_id),
            )

    def thumbnail(self, item_id: str) -> bytes | None:
        """The small picture of an item; None where there is none."""
        rows = self._rows("SELECT body FROM thumbnail WHERE item = ?", [item_id])
        return self._safe.decrypt(f"desk thumbnail {item_id}", rows[0][0]) if rows else None

    # Decisions

    def add_decision(self, decision: Decision) -> None:
        """File a decision."""
        body = self._seal("decision", decision.id, decision_document(decision))
        with self._writing() as db:
            try:
                db.execute(
                    "INSERT INTO decision (id, item, body) VALUES (?, ?, ?)",
                    (decision.id, decision.item, body),
                )
            except sqlite3.IntegrityError:
                raise _no_item() from None

    def undo_decision(self, decision_id: str, by: str, at: dt.datetime) -> None:
        """Note that somebody took a decision back."""
        told = self._seal("undone", decision_id, {"by": by, "at": at.isoformat()})
        with self._writing() as db:
            db.execute("UPDATE decision SET undone = ? WHERE id = ?", (told, decision_id))

    def decisions(self, item_id: str) -> tuple[Decision, ...]:
        """Every decision about an item, oldest first, those taken back too."""
        rows = self._rows("SELECT * FROM decision WHERE item = ? ORDER BY number", [item_id])
        return tuple(map(self._decision, rows))

    def decisions_in(self, album_id: str) -> tuple[Decision, ...]:
        """Every decision about the items of an album, oldest first."""
        rows = self._rows(
            "SELECT decision.* FROM decision JOIN item ON item.id = decision.item "
            "WHERE album = ? ORDER BY decision.number",
            [album_id],
        )
        return tuple(map(self._decision, rows))

    # Copies

    def keep_copy(self, item_id: str, file: str, basis: str, told: object) -> bool:
        """Keep that there is a copy; whether the item is still there."""
        body = self._seal("copy", item_id, told)
        with self._writing() as db:
            done = db.execute(
                "INSERT OR REPLACE INTO copy SELECT id, ?, ?, ? FROM item WHERE id = ?",
                (file, basis, body, item_id),
            )
            return bool(done.rowcount)

    def copy(self, item_id: str) -> tuple[str, str, Any] | None:
        """The file of a copy, what it rests on, and what is told of it; None for none."""
        rows = self._rows("SELECT * FROM copy WHERE item = ?", [item_id])
        if not rows:
            return None
        return rows[0]["file"], rows[0]["basis"], self._open("copy", item_id, rows[0]["body"])

    def copies_in(self, album_id: str, sha256: str) -> tuple[str, ...]:
        """Ids of the items of an album whose copy was made with these bytes."""
        rows = self._rows(
            "SELECT copy.item, copy.body FROM copy JOIN item ON item.id = copy.item "
            "WHERE album = ? ORDER BY number",
            [album_id],
        )
        told = {row["item"]: self._open("copy", row["item"], row["body"]) for row in rows}
        return tuple(item for item, one in told.items() if one["sha256"] == sha256)

    def drop_copy(self, item_id: str) -> None:
        """Forget a copy."""
        with self._writing() as db:
            db.execute("DELETE FROM copy WHERE item = ?", [item_id])

    def files(self) -> frozenset[str]:
        """Names of every original and copy that is known."""
        rows = self._rows(
            "SELECT file FROM item WHERE file IS NOT NULL UNION ALL SELECT file FROM copy"
        )
        return frozenset(row["file"] for row in rows)

    # Rows

    def _album(self, row: sqlite3.Row) -> Album:
        told = self._open("album", row["id"], row["body"])
        return Album(
            id=row["id"],
            title=told["title"],
            event=told["event"],
            channels=tuple(told["channels"]),
            purpose=told["purpose"],
            on=_day(told["on"]),
            until=_day(told["until"]),
            by=told["by"],
            made=dt.datetime.fromisoformat(told["made"]),
            touched=dt.date.fromisoformat(row["touched"]),
        )

    def _item(self, row: sqlite3.Row) -> Item:
        problem = row["problem"]
        return Item(
            id=row["id"],
            album=row["album"],
            name=self._open("name", row["id"], row["name"]),
            kind=Kind(row["kind"]),
            state=State(row["state"]),
            sha256=row["sha256"],
            size=row["size"],
            file=row["file"],
            problem=problem_from(self._open("problem", row["id"], problem)) if problem else None,
        )

    def _decision(self, row: sqlite3.Row) -> Decision:
        told = self._open("decision", row["id"], row["body"])
        undone = row["undone"] and self._open("undone", row["id"], row["undone"])
        return decision_from(row["id"], row["item"], told, undone)

    def _seal(self, what: str, id_: str, told: object) -> bytes:
        text = json.dumps(told, ensure_ascii=False, separators=(",", ":"), default=float)
        return self._safe.encrypt(f"desk {what} {id_}", text.encode("utf-8", "surrogatepass"))

    def _open(self, what: str, id_: str, body: bytes) -> Any:
        text = self._safe.decrypt(f"desk {what} {id_}", body)
        return json.loads(text.decode("utf-8", "surrogatepass"))

    def _rows(self, sql: str, values: Sequence[object] = ()) -> list[sqlite3.Row]:
        with self._connected() as db:
            return db.execute(sql, values).fetchall()

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """What this thread reads and writes inside the block is one transaction.

        To write each of a thousand verdicts to the disk by itself takes longer than to decide.
        """
        with self._writing() as db:
            self._thread.db = db
            try:
                yield
            finally:
                self._thread.db = None

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction that holds the write lock from its start: all or nothing."""
        if together := getattr(self._thread, "db", None):
            yield together
            return
        with self._connected() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                db.rollback()
                raise

    @contextlib.contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        if together := getattr(self._thread, "db", None):
            yield together
            return
        with (
            translated_errors(self.path),
            contextlib.closing(
                sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
            ) as db,
        ):
            db.row_factory = sqlite3.Row
            for pragma in _PRAGMAS:
                db.execute(pragma)
            yield db


def _album_document(album: Album) -> dict[str, object]:
    return {
        "title": album.title,
        "event": album.event,
        "channels": list(album.channels),
        "purpose": album.purpose,
        "on": album.on and album.on.isoformat(),
        "until": album.until and album.until.isoformat(),
        "by": album.by,
        "made": album.made.isoformat(),
    }


def _day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def _no_album() -> AlbumMissingError:
    return AlbumMissingError("there is no such album; it may have been deleted")


def _no_item() -> ItemMissingError:
    return ItemMissingError("there is no such picture; its album may have been deleted")
