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
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import argon2

from review.attempts import Attempts, Turns
from review.errors import AccountRefusedError, SignInLockedError, SignInRefusedError
from review.roles import Role

LOCAL = "local"
"""The account of the one person who works alone: it has no password and every role."""

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 256
"""NIST SP 800-63B asks for 8 at least and for 64 to be allowed; argon2 takes longer ones."""

LEAST_DIFFERENT = 5
"""Characters that differ: a password of one letter is long and known to everybody."""
NAME_COUNTS_FROM = 4
"""Shorter names stand in many words by chance."""

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


class Accounts:
    """The accounts of one desk; may be used by several threads."""

    def __init__(
        self,
        path: Path,
        *,
        idle: dt.timedelta,
        longest: dt.timedelta,
        clock: Callable[[], dt.datetime] | None = None,
    ) -> None:
        """Open or make the file.

        Args:
            path: of the file.
            idle: after so long without a page a session ends.
            longest: after so long it ends in any case.
            clock: what time it is; None for that of the computer.

        Raises:
            AccountRefusedError: the file cannot be used.
        """
        self._path = path
        self._idle, self._longest = idle, longest
        self._hasher = argon2.PasswordHasher()
        # Nobody learns from the time whether a name exists.
        self._nobody = self._hasher.hash(secrets.token_urlsafe())
        self._attempts = Attempts()
        self._turns = Turns()
        self._now = clock or _now
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
            return _is_team(store)

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
            self._check_known(store, key)
            if roles is not None or closed:
                self._check_administrator(store)
            if roles is not None or closed is not None or password is not None:
                store.execute("DELETE FROM session WHERE account = ?", (key,))
            if closed:
                # Whoever opens the account again does not mean its programs.
                store.execute("DELETE FROM token WHERE made_by = ?", (key,))
            store.execute("COMMIT")

    def _check_known(self, store: sqlite3.Connection, name: str) -> None:
        if not store.execute("SELECT 1 FROM account WHERE name = ?", (name,)).fetchone():
            raise AccountRefusedError("there is no account named {name}", name=name)

    def _check_administrator(self, store: sqlite3.Connection) -> None:
        rows = map(_account, store.execute("SELECT * FROM account WHERE name <> ?", (LOCAL,)))
        team = list(rows)
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
        if len(set(password)) < LEAST_DIFFERENT:
            raise AccountRefusedError("a password needs more than a few different characters")
        if len(name) >= NAME_COUNTS_FROM and name in password.casefold():
            raise AccountRefusedError("the password may not hold the name of the account")
        return self._hasher.hash(_typed(password))

    # --- signing in -----------------------------------------------------------------------

    def sign_in(
        self, name: str, password: str, now: float, *, client: str | None = None
    ) -> Account:
        """The account, if the password is its own.

        Args:
            name: of the account.
            password: as typed.
            now: seconds of a clock that never goes back.
            client: where from, as `neighbourhood` says; None where that tells nobody apart.

        Raises:
            SignInRefusedError: name or password is wrong, or there were too many attempts;
                `SignInLockedError` where it was one too many.
        """
        key = _key(name)
        with self._turns.taken():
            self._attempts.begin(key, client, now)
            with self._open() as store:
                row = store.execute(
                    "SELECT * FROM account WHERE name = ? AND NOT closed", (key,)
                ).fetchone()
            known = row["password"] if row else None
            if not self._is(known or self._nobody, password) or not known:
                if self._attempts.locked(key, client, now):
                    raise SignInLockedError("the name or the password is wrong")
                raise SignInRefusedError("the name or the password is wrong")
            self._attempts.right(key, client)
            if self._hasher.check_needs_rehash(known):
                # Else the time would tell old accounts from names that nobody has.
                self._rehash(key, known, password)
        return _account(row)

    def _is(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, _typed(password[: LONGEST_PASSWORD + 1]))
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False

    def _rehash(self, key: str, known: str, password: str) -> None:
        with self._open() as store:
            store.execute(
                "UPDATE account SET password = ? WHERE name = ? AND password = ?",
                (self._hasher.hash(_typed(password)), key, known),
            )

    # --- sessions -------------------------------------------------------------------------

    def begin_session(self, account: Account) -> str:
        """The secret of a new session, for the browser's cookie alone."""
        secret = secrets.token_urlsafe(32)
        now = self._now().isoformat()
        with self._open() as store:
            oldest = (self._now() - self._longest).isoformat()
            store.execute("DELETE FROM session WHERE begun < ?", (oldest,))
            store.execute(
                "INSERT INTO session VALUES (?, ?, ?, ?)", (_digest(secret), account.name, now, now)
            )
        return secret

    def session(self, secret: str) -> Account | None:
        """Whose session that is, while it lasts; None for nobody's."""
        now = self._now()
        with self._open() as store:
            row = store.execute(
                "SELECT account.*, begun, seen FROM session JOIN account ON name = account "
                "WHERE token = ? AND NOT closed",
                (_digest(secret),),
            ).fetchone()
            if row is None or (row["name"] == LOCAL and _is_team(store)):
                # Who came in without a password is out as soon as others need one.
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
        token = ApiToken(
            secrets.token_hex(6), _clean(label), wanted, made_by.name, self._now(), until
        )
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
        if maker is None or maker.closed or (maker.name == LOCAL and self.team):
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


def _is_team(store: sqlite3.Connection) -> bool:
    found = store.execute("SELECT 1 FROM account WHERE password IS NOT NULL AND NOT closed LIMIT 1")
    return found.fetchone() is not None


def _typed(password: str) -> str:
    """The same password however a keyboard makes its accents."""
    return unicodedata.normalize("NFC", password)


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
