"""Who may sign in at the desk: accounts, sessions, and tokens of other programs.

They lie in a file of their own beside the registry. Of passwords and tokens only hashes are kept:
argon2id for what people choose (RFC 9106, the library's defaults), SHA-256 for what is random.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import hashlib
import secrets
import sqlite3
import threading
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path

import argon2

from review.errors import AccountRefusedError, SignInRefusedError
from review.roles import Role

LOCAL = "local"
"""The account of the one person who works alone: it has no password and every role."""

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 256
"""NIST SP 800-63B asks for 8 at least and for 64 to be allowed; argon2 takes longer ones."""

FREE_ATTEMPTS = 5
LOCKED_SECONDS = 30.0
LOCKED_AT_MOST = 3600.0
"""After so many wrong passwords each further one doubles the wait."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS account (
    name TEXT PRIMARY KEY,
    shown TEXT NOT NULL,
    password TEXT,
    roles TEXT NOT NULL,
    language TEXT,
    closed INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE IF NOT EXISTS session (
    token BLOB PRIMARY KEY,
    account TEXT NOT NULL REFERENCES account (name) ON DELETE CASCADE,
    begun TEXT NOT NULL,
    seen TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS token (
    id TEXT PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    label TEXT NOT NULL,
    roles TEXT NOT NULL,
    made_by TEXT NOT NULL,
    made TEXT NOT NULL,
    until TEXT NOT NULL
) STRICT;
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may sign in.

    Attributes:
        name: what they sign in with, in small letters.
        shown: as others see them, and as decisions name them.
        roles: what they may do.
        language: of their pages; None for that of the browser.
        closed: nobody signs in with it any more; what it did stays named.
    """

    name: str
    shown: str
    roles: frozenset[Role]
    language: str | None = None
    closed: bool = False

    def may(self, roles: Iterable[Role]) -> bool:
        """Whether it has one of these roles."""
        return not self.roles.isdisjoint(roles)


@dataclasses.dataclass(frozen=True, slots=True)
class ApiToken:
    """What another program signs in with; its secret is shown once and never kept."""

    id: str
    label: str
    roles: frozenset[Role]
    made_by: str
    made: dt.datetime
    until: dt.date


@dataclasses.dataclass(slots=True)
class _Attempts:
    wrong: int = 0
    free_from: float = 0.0


class Accounts:
    """The accounts of one desk; may be used by several threads."""

    def __init__(self, path: Path, *, idle: dt.timedelta, longest: dt.timedelta) -> None:
        """Open or make the file.

        Args:
            path: of the file.
            idle: after so long without a page a session ends.
            longest: after so long it ends in any case.

        Raises:
            AccountRefusedError: the file cannot be used.
        """
        self._path = path
        self._idle, self._longest = idle, longest
        self._hasher = argon2.PasswordHasher()
        # Nobody learns from the time whether a name exists.
        self._nobody = self._hasher.hash(secrets.token_urlsafe())
        self._attempts: dict[str, _Attempts] = {}
        self._lock = threading.Lock()
        if not path.exists():
            path.touch(mode=0o600)
        with self._open() as store:
            store.executescript(_SCHEMA)

    # --- accounts -------------------------------------------------------------------------

    def all(self) -> tuple[Account, ...]:
        """Every account, by name."""
        with self._open() as store:
            return tuple(map(_account, store.execute("SELECT * FROM account ORDER BY name")))

    def named(self, name: str) -> Account | None:
        """The account of that name, closed or not; None for none."""
        with self._open() as store:
            row = store.execute("SELECT * FROM account WHERE name = ?", (_key(name),)).fetchone()
        return _account(row) if row else None

    @property
    def team(self) -> bool:
        """Whether people sign in with passwords, and nobody by the start of the program alone."""
        with self._open() as store:
            found = store.execute(
                "SELECT 1 FROM account WHERE password IS NOT NULL AND NOT closed LIMIT 1"
            )
            return found.fetchone() is not None

    def add(self, name: str, shown: str, password: str, roles: Iterable[Role]) -> Account:
        """A new account.

        Raises:
            AccountRefusedError: there is one of that name, or the password is too short.
        """
        key, label = _key(name), _clean(shown) or _clean(name)
        if not key or key == LOCAL:
            raise AccountRefusedError("an account needs a name to sign in with")
        hashed = self._hashed(password, key)
        with self._open() as store:
            try:
                store.execute(
                    "INSERT INTO account (name, shown, password, roles) VALUES (?, ?, ?, ?)",
                    (key, label, hashed, _roles_text(roles)),
                )
            except sqlite3.IntegrityError:
                raise AccountRefusedError(
                    "there is an account named {name} already", name=key
                ) from None
        return Account(key, label, frozenset(roles))

    def local(self, shown: str | None = None) -> Account:
        """The account of who works alone, made or renamed where asked."""
        with self._open() as store:
            store.execute(
                "INSERT OR IGNORE INTO account (name, shown, roles) VALUES (?, '', ?)",
                (LOCAL, _roles_text(Role)),
            )
            if shown is not None:
                store.execute("UPDATE account SET shown = ? WHERE name = ?", (_clean(shown), LOCAL))
        found = self.named(LOCAL)
        if found is None:
            raise AssertionError("it was just made")
        return found

    def change(
        self,
        name: str,
        *,
        roles: Iterable[Role] | None = None,
        closed: bool | None = None,
        password: str | None = None,
        language: str | None = None,
    ) -> None:
        """Change an account; its sessions end unless only the language does.

        Raises:
            AccountRefusedError: there is none, the password is too short, or nobody would be
                left who may change accounts.
        """
        key = _key(name)
        hashed = None if password is None else self._hashed(password, key)
        with self._open() as store:
            store.execute("BEGIN IMMEDIATE")
            for column, value in (
                ("roles", None if roles is None else _roles_text(roles)),
                ("closed", None if closed is None else int(closed)),
                ("password", hashed),
                ("language", language),
            ):
                if value is not None:
                    store.execute(f"UPDATE account SET {column} = ? WHERE name = ?", (value, key))  # noqa: S608
            self._check_administrator(store, key)
            if roles is not None or closed is not None or password is not None:
                store.execute("DELETE FROM session WHERE account = ?", (key,))
            store.execute("COMMIT")

    def _check_administrator(self, store: sqlite3.Connection, changed: str) -> None:
        rows = [_account(row) for row in store.execute("SELECT * FROM account")]
        if all(one.name != changed for one in rows):
            raise AccountRefusedError("there is no account named {name}", name=changed)
        team = [one for one in rows if one.name != LOCAL]
        if team and not any(Role.ADMINISTRATOR in one.roles and not one.closed for one in team):
            raise AccountRefusedError(
                "nobody would be left who may change accounts: make somebody else an "
                "administrator first"
            )

    def _hashed(self, password: str, name: str) -> str:
        if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
            raise AccountRefusedError(
                "a password has {least} characters or more, and at most {most}",
                least=SHORTEST_PASSWORD,
                most=LONGEST_PASSWORD,
            )
        if name in password.casefold():
            raise AccountRefusedError("the password may not hold the name of the account")
        return self._hasher.hash(password)

    # --- signing in -----------------------------------------------------------------------

    def sign_in(self, name: str, password: str, now: float) -> Account:
        """The account, if the password is its own.

        Args:
            name: of the account.
            password: as typed.
            now: seconds of a clock that never goes back.

        Raises:
            SignInRefusedError: name or password is wrong, or there were too many attempts.
        """
        key = _key(name)
        self._check_attempts(key, now)
        with self._open() as store:
            row = store.execute(
                "SELECT * FROM account WHERE name = ? AND NOT closed", (key,)
            ).fetchone()
        hashed = row["password"] if row and row["password"] else self._nobody
        right = self._is(hashed, password)
        if not right or row is None or hashed is self._nobody:
            self._note_wrong(key, now)
            raise SignInRefusedError("the name or the password is wrong")
        with self._lock:
            self._attempts.pop(key, None)
        return _account(row)

    def _is(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password[: LONGEST_PASSWORD + 1])
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False

    def _check_attempts(self, key: str, now: float) -> None:
        with self._lock:
            attempts = self._attempts.get(key)
            wait = attempts.free_from - now if attempts else 0.0
        if wait > 0:
            raise SignInRefusedError(
                "too many attempts: try again in {seconds} seconds", seconds=int(wait) + 1
            )

    def _note_wrong(self, key: str, now: float) -> None:
        with self._lock:
            if len(self._attempts) > 10_000:  # noqa: PLR2004 - names that somebody makes up
                self._attempts = {k: a for k, a in self._attempts.items() if a.free_from > now}
            attempts = self._attempts.setdefault(key, _Attempts())
            attempts.wrong += 1
            over = attempts.wrong - FREE_ATTEMPTS
            if over >= 0:
                attempts.free_from = now + min(
                    LOCKED_AT_MOST, LOCKED_SECONDS * 2.0 ** min(over, 20)
                )

    # --- sessions -------------------------------------------------------------------------

    def begin_session(self, account: Account) -> str:
        """The secret of a new session, for the browser's cookie alone."""
        secret = secrets.token_urlsafe(32)
        now = _now().isoformat()
        with self._open() as store:
            store.execute(
                "INSERT INTO session VALUES (?, ?, ?, ?)", (_digest(secret), account.name, now, now)
            )
        return secret

    def session(self, secret: str) -> Account | None:
        """Whose session that is, while it lasts; None for nobody's."""
        now = _now()
        with self._open() as store:
            row = store.execute(
                "SELECT account.*, begun, seen FROM session JOIN account ON name = account "
                "WHERE token = ? AND NOT closed",
                (_digest(secret),),
            ).fetchone()
            if row is None:
                return None
            begun, seen = map(dt.datetime.fromisoformat, (row["begun"], row["seen"]))
            if now - begun >= self._longest or now - seen >= self._idle:
                store.execute("DELETE FROM session WHERE token = ?", (_digest(secret),))
                return None
            if now - seen > dt.timedelta(seconds=30):
                store.execute(
                    "UPDATE session SET seen = ? WHERE token = ?",
                    (now.isoformat(), _digest(secret)),
                )
        return _account(row)

    def end_session(self, secret: str) -> None:
        """Sign out."""
        with self._open() as store:
            store.execute("DELETE FROM session WHERE token = ?", (_digest(secret),))

    def end_local_sessions(self) -> None:
        """Whoever came in by an earlier start of the program is out."""
        with self._open() as store:
            store.execute("DELETE FROM session WHERE account = ?", (LOCAL,))

    # --- tokens of programs ---------------------------------------------------------------

    def add_token(
        self, label: str, roles: Iterable[Role], made_by: Account, until: dt.date
    ) -> tuple[ApiToken, str]:
        """A new token and its secret, which is not kept.

        Raises:
            AccountRefusedError: it could do what its maker may not, or has no name.
        """
        wanted = frozenset(roles)
        if not _clean(label) or not wanted:
            raise AccountRefusedError("a token needs a name and at least one role")
        if not wanted <= made_by.roles:
            raise AccountRefusedError("a token may do no more than who makes it")
        secret = f"clearance_{secrets.token_urlsafe(32)}"
        token = ApiToken(secrets.token_hex(6), _clean(label), wanted, made_by.name, _now(), until)
        with self._open() as store:
            store.execute(
                "INSERT INTO token VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    *(token.id, _digest(secret), token.label, _roles_text(wanted)),
                    *(token.made_by, token.made.isoformat(), until.isoformat()),
                ),
            )
        return token, secret

    def tokens(self) -> tuple[ApiToken, ...]:
        """Every token, the newest first."""
        with self._open() as store:
            rows = store.execute("SELECT * FROM token ORDER BY made DESC").fetchall()
        return tuple(map(_token, rows))

    def drop_token(self, id_: str) -> None:
        """Nobody signs in with it any more."""
        with self._open() as store:
            store.execute("DELETE FROM token WHERE id = ?", (id_,))

    def token(self, secret: str, today: dt.date) -> Account | None:
        """The account as which a program acts: its maker, with no more than the token's roles."""
        with self._open() as store:
            row = store.execute("SELECT * FROM token WHERE hash = ?", (_digest(secret),)).fetchone()
        if row is None or _token(row).until < today:
            return None
        token = _token(row)
        maker = self.named(token.made_by)
        if maker is None or maker.closed:
            return None
        return dataclasses.replace(
            maker, shown=f"{maker.shown} ({token.label})", roles=token.roles & maker.roles
        )

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        # A connection for each use: threads come and go.
        try:
            store = sqlite3.connect(self._path, timeout=10, isolation_level=None)
        except sqlite3.Error as error:
            raise _unusable(self._path, error) from error
        with contextlib.closing(store):
            store.row_factory = sqlite3.Row
            try:
                store.execute("PRAGMA foreign_keys = ON")
                yield store
            except sqlite3.IntegrityError:
                raise
            except sqlite3.Error as error:
                raise _unusable(self._path, error) from error


def _unusable(path: Path, error: sqlite3.Error) -> AccountRefusedError:
    return AccountRefusedError(
        "the desk’s accounts in {path} cannot be used: {reason}", path=path, reason=str(error)
    )


def _account(row: sqlite3.Row) -> Account:
    return Account(
        row["name"], row["shown"], _roles(row["roles"]), row["language"], bool(row["closed"])
    )


def _token(row: sqlite3.Row) -> ApiToken:
    return ApiToken(
        row["id"],
        row["label"],
        _roles(row["roles"]),
        row["made_by"],
        dt.datetime.fromisoformat(row["made"]),
        dt.date.fromisoformat(row["until"]),
    )


def _roles(text: str) -> frozenset[Role]:
    # A role that this version does not know gives nothing.
    return frozenset(Role(word) for word in text.split() if word in set(Role))


def _roles_text(roles: Iterable[Role]) -> str:
    return " ".join(sorted(roles))


def _clean(text: str) -> str:
    said = unicodedata.normalize("NFC", text)
    return " ".join("".join(c for c in said if c.isprintable()).split())[:80]


def _key(name: str) -> str:
    return unicodedata.normalize("NFKC", _clean(name)).casefold()


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
