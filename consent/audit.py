"""The log of what was done: append-only, each entry chained to the one before.

The hash of an entry covers the entry and the hash before it, so no entry can be
edited, removed or moved unseen. The last number and hash are sealed with a key
derived from the institution's: without the key nobody can cut the end off or
write the whole chain anew. Only an older copy of the whole registry passes.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from consent.errors import RegistryDamagedError
from consent.store import translated_errors

if TYPE_CHECKING:
    import sqlite3

    from consent.store import Store

_BEFORE_THE_FIRST = "0" * 64


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log. `subject` is a person's id or a file's SHA-256, never a name."""

    number: int
    at: str
    action: str
    subject: str | None
    details: Mapping[str, object]
    previous: str
    hash: str


@dataclasses.dataclass(frozen=True, slots=True)
class AuditVerdict:
    """Whether the log is as it was written; `first_bad` is the number of the first doubt."""

    ok: bool
    entries: int
    first_bad: int | None = None


class AuditLog:
    """Writes and checks the log inside a registry's store."""

    def __init__(self, store: Store, sealing_key: bytes) -> None:
        self._store = store
        self._sealing_key = sealing_key

    def begin(self) -> None:
        """Start the log of a new registry; inside a transaction."""
        self._store.connection.execute(
            "INSERT INTO audit_head VALUES (1, 0, ?, ?)",
            (_BEFORE_THE_FIRST, self._seal(0, _BEFORE_THE_FIRST)),
        )

    def append(
        self, action: str, subject: str | None = None, details: Mapping[str, object] | None = None
    ) -> None:
        """Add an entry; inside a transaction that holds the write lock.

        The lock keeps two processes from chaining to the same entry.

        Raises:
            RegistryDamagedError: the head of the log is missing.
        """
        number, previous = self._head()
        at = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
        text = _canonical(details or {})
        digest = _hash(number + 1, at, action, subject, text, previous)
        self._store.connection.execute(
            "INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?)",
            (number + 1, at, action, subject, text, previous, digest),
        )
        self._store.connection.execute(
            "UPDATE audit_head SET number = ?, hash = ?, seal = ?",
            (number + 1, digest, self._seal(number + 1, digest)),
        )

    def entries(self) -> Iterator[Entry]:
        """Every entry, oldest first.

        Raises:
            RegistryDamagedError: what an entry says can no longer be read.
        """
        for row in self._rows():
            number, at, action, subject, text, previous, digest = row
            try:
                details = json.loads(text)
            except ValueError as error:
                raise RegistryDamagedError(
                    "entry {number} of the audit log in {path} was altered; restore a backup",
                    number=number,
                    path=self._store.path,
                ) from error
            yield Entry(number, at, action, subject, details, previous, digest)

    def last(self) -> int:
        """The number of the newest entry.

        Raises:
            RegistryDamagedError: the head of the log is missing.
        """
        return self._head()[0]

    def after(self, number: int) -> list[tuple[str, str | None]]:
        """Action and subject of every entry after the one with that number, oldest first."""
        rows = self._store.rows(
            "SELECT action, subject FROM audit WHERE number > ? ORDER BY number", [number]
        )
        return [(row["action"], row["subject"]) for row in rows]

    def verify(self) -> AuditVerdict:
        """Whether every entry is there, in order and unchanged."""
        with self._store.reading():
            return self._verify()

    def _verify(self) -> AuditVerdict:
        count, last = 0, _BEFORE_THE_FIRST
        for number, at, action, subject, details, previous, digest in self._rows():
            intact = _hash(number, at, action, subject, details, previous) == digest
            if number != count + 1 or previous != last or not intact:
                return AuditVerdict(ok=False, entries=count, first_bad=count + 1)
            count, last = number, digest
        return self._verify_end(count, last)

    def _verify_end(self, count: int, last: str) -> AuditVerdict:
        rows = self._store.rows("SELECT number, hash, seal FROM audit_head")
        sealed = rows and hmac.compare_digest(
            rows[0]["seal"], self._seal(rows[0]["number"], rows[0]["hash"])
        )
        if not sealed:
            # Whoever could break the seal may have rewritten everything.
            return AuditVerdict(ok=False, entries=count, first_bad=1)
        if rows[0]["number"] != count:
            first_bad = min(rows[0]["number"], count) + 1
            return AuditVerdict(ok=False, entries=count, first_bad=first_bad)
        if rows[0]["hash"] != last:
            return AuditVerdict(ok=False, entries=count, first_bad=1)
        return AuditVerdict(ok=True, entries=count)

    def _head(self) -> tuple[int, str]:
        rows = self._store.rows("SELECT number, hash FROM audit_head")
        if not rows:
            raise RegistryDamagedError(
                "the audit log in {path} has lost its head; restore a backup", path=self._store.path
            )
        return rows[0]["number"], rows[0]["hash"]

    def _rows(self) -> Iterator[sqlite3.Row]:
        with translated_errors(self._store.path):
            yield from self._store.connection.execute(
                "SELECT number, at, action, subject, details, previous, hash "
                "FROM audit ORDER BY number"
            )

    def _seal(self, number: int, digest: str) -> bytes:
        return hmac.new(self._sealing_key, f"{number} {digest}".encode(), hashlib.sha256).digest()


def _hash(
    number: int, at: str, action: str, subject: str | None, details: str, previous: str
) -> str:
    entry = {
        "number": number,
        "at": at,
        "action": action,
        "subject": subject,
        "details": details,
        "previous": previous,
    }
    return hashlib.sha256(_canonical(entry).encode()).hexdigest()


def _canonical(value: Mapping[str, object]) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
