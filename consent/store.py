"""The registry's one SQLite file: opened, checked, written in whole transactions.

Reading goes through `sqlite3`, because a check of photos only reads and must
start fast; `sqlite_utils`, a third of a second to import, wraps the very same
connection for what writes records or changes the schema.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from consent.errors import (
    RegistryBusyError,
    RegistryDamagedError,
    RegistryExistsError,
    RegistryMissingError,
    RegistryTooNewError,
    RegistryUnwritableError,
    SqliteTooOldError,
)

if TYPE_CHECKING:
    import types

    from sqlite_utils import Database

# The number of the last step in `consent.migrations`.
SCHEMA = 6
# A larger file is read whole by `clearance doctor` only; what is read from it is
# authenticated, page by page or not.
CHECKED_AT_START = 8 * 2**20
# How long a writer waits for another process before it gives up.
BUSY_SECONDS = 5.0
# STRICT tables.
_OLDEST_SQLITE = (3, 37, 0)

_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_UNWRITABLE = {
    sqlite3.SQLITE_AUTH,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_READONLY,
}
_PRAGMAS = (
    "PRAGMA foreign_keys = ON",
    # What is deleted is overwritten, so that no template survives in free pages; what
    # still survives in others goes with `Store.rewrite`.
    "PRAGMA secure_delete = ON",
    # A withdrawal that was confirmed must survive a power cut.
    "PRAGMA synchronous = FULL",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA recursive_triggers = ON",
    # The file may have been altered by others: its schema may not call functions.
    "PRAGMA trusted_schema = OFF",
)


class Store:
    """An open registry file. Made by `Store.open` or `Store.create`."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self.connection = connection
        self._database: Database | None = None

    @classmethod
    def open(cls, path: Path) -> Store:
        """Open the file, check it whole, and bring an older schema up to date.

        Raises:
            RegistryMissingError: there is no such file.
            RegistryDamagedError: it is not a registry, is truncated or inconsistent.
            RegistryTooNewError: a newer version of the program wrote it.
            RegistryBusyError, RegistryUnwritableError: it cannot be used now.
            SqliteTooOldError: this Python's SQLite lacks what a registry needs.
        """
        if not path.is_file():
            raise RegistryMissingError(
                "there is no registry in {folder}; make one with 'clearance init', "
                "or name the right folder with --registry",
                folder=path.parent,
            )
        store = cls(path, _connect(path))
        try:
            with translated_errors(path):
                for pragma in _PRAGMAS:
                    store.connection.execute(pragma)
                store._check()
        except BaseException:
            store.close()
            raise
        return store

    @classmethod
    def create(cls, path: Path) -> Store:
        """Make the file with today's schema, readable by its owner only, and open it.

        On Windows the permissions of the folder apply.

        Raises:
            RegistryExistsError: there is a file already.
            RegistryUnwritableError: the folder cannot be written.
            SqliteTooOldError: this Python's SQLite lacks what a registry needs.
        """
        try:
            path.touch(mode=0o600, exist_ok=False)
        except FileExistsError:
            raise RegistryExistsError(
                "{folder} already holds a registry; it was left as it is", folder=path.parent
            ) from None
        except OSError as error:
            raise unwritable(path, error) from error
        try:
            with contextlib.closing(_connect(path)) as connection, translated_errors(path):
                store = cls(path, connection)
                store.database.enable_wal()
                store._migrate()
            return cls.open(path)
        except BaseException:
            path.unlink()
            raise

    @property
    def database(self) -> Database:
        """The same connection, as sqlite-utils sees it."""
        if self._database is None:
            from sqlite_utils import Database

            # Plugins of sqlite-utils would run foreign code on people's data.
            self._database = Database(self.connection, execute_plugins=False)
        return self._database

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[sqlite3.Row]:
        """Every row of a query."""
        with translated_errors(self.path):
            cursor = self.connection.cursor()
            cursor.row_factory = sqlite3.Row
            return cursor.execute(sql, parameters).fetchall()

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """What is read inside is of one moment, whatever another process writes meanwhile."""
        if self.connection.in_transaction:
            yield
            return
        with translated_errors(self.path):
            self.connection.execute("BEGIN")
            try:
                yield
            finally:
                self.connection.rollback()

    def insert(self, table: str, *records: Mapping[str, object]) -> None:
        """Insert records; inside `writing` only."""
        self.database.table(table).insert_all(map(dict, records))

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction that holds the write lock from its start: all or nothing.

        Raises:
            RegistryBusyError: another process kept the lock for too long.
            RegistryUnwritableError: full disk, no permission, read-only.
        """
        with translated_errors(self.path):
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.connection.execute("COMMIT")
            except BaseException:
                self.connection.rollback()
                raise

    def rewrite(self) -> None:
        """Write the file anew, without what was deleted.

        To overwrite it, as `secure_delete` does, is not enough: where nothing lies any more,
        a page may keep copies of rows that have moved to another page since.

        Raises:
            RegistryBusyError: another process kept the lock for too long.
            RegistryUnwritableError: full disk, read-only; what was recorded stays recorded.
        """
        with self._forgetting():
            self.connection.execute("VACUUM")

    def forget_deleted(self) -> None:
        """Empty the write-ahead log, which still holds what was just deleted.

        While another process reads, the log stays until the last one closes.

        Raises:
            RegistryUnwritableError: full disk, read-only; what was recorded stays recorded.
        """
        with self._forgetting():
            self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    @contextlib.contextmanager
    def _forgetting(self) -> Iterator[None]:
        try:
            with translated_errors(self.path):
                yield
        except RegistryUnwritableError as error:
            raise RegistryUnwritableError(
                "{path} still holds what was deleted ({reason}); check the free space and the "
                "permissions of the folder",
                path=self.path,
                reason=error.values["reason"],
            ) from error

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: types.TracebackType | None,
    ) -> None:
        self.close()

    def check_whole(self) -> None:
        """Read every page of the file.

        Raises:
            RegistryDamagedError: it is not consistent.
        """
        with translated_errors(self.path):
            verdict = self.connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            # It may answer with several lines.
            raise damaged(self.path, " ".join(verdict.split()))

    def _check(self) -> None:
        schema = self._schema()
        if schema > SCHEMA:
            raise RegistryTooNewError(
                "{path} was written by a newer version of this program (its schema is "
                "{schema}, this version knows {known}); install the newer version",
                path=self.path,
                schema=schema,
                known=SCHEMA,
            )
        # Zero is an emptied or foreign file. Filling it with tables would turn a
        # lost registry into an empty one.
        if schema == 0:
            raise damaged(self.path, RegistryDamagedError("it holds no tables"))
        # A cut inside an empty last page hurts nothing that quick_check looks at,
        # and is a cut all the same.
        page_size = self.connection.execute("PRAGMA page_size").fetchone()[0]
        if self.path.stat().st_size % page_size:
            raise damaged(self.path, RegistryDamagedError("its end is missing"))
        if self.path.stat().st_size <= CHECKED_AT_START:
            self.check_whole()
        if schema < SCHEMA:
            self._migrate()

    def _migrate(self) -> None:
        from consent.migrations import MIGRATIONS

        if self._schema():
            self._copy_aside()
        # The lock first: of two processes that find an old schema, the second
        # waits and then finds nothing to do.
        with self.writing():
            MIGRATIONS.apply(self.database)

    def _copy_aside(self) -> None:
        """Copy the file beside itself before its schema changes.

        The copy still holds what its dossiers are encrypted with, so erasing a person
        drops it.
        """
        target = self.path.with_name(f"{self.path.name}.schema-{self._schema()}.backup")
        partial = target.with_name(f"{target.name}.tmp")
        partial.unlink(missing_ok=True)
        try:
            partial.touch(mode=0o600)
            with contextlib.closing(_connect(partial)) as copy, translated_errors(partial):
                self.connection.backup(copy)
            partial.replace(target)
        except OSError as error:
            raise unwritable(target, error) from error
        finally:
            partial.unlink(missing_ok=True)

    def drop_earlier_copies(self) -> int:
        """Delete the copies that were made before a change of schema; how many.

        Raises:
            RegistryUnwritableError: one could not be deleted.
        """
        copies = sorted(self.path.parent.glob(f"{self.path.name}.schema-*.backup"))
        for copy in copies:
            try:
                copy.unlink()
            except OSError as error:
                raise unwritable(copy, error) from error
        return len(copies)

    def _schema(self) -> int:
        return int(self.connection.execute("PRAGMA user_version").fetchone()[0])


@contextlib.contextmanager
def translated_errors(path: Path) -> Iterator[None]:
    """SQLite's errors as this room's own; those that mean a bug stay what they are."""
    try:
        yield
    except sqlite3.Error as error:
        # The lower byte is the kind, the rest a detail.
        kind = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if kind in _BUSY:
            raise RegistryBusyError(
                "another process is writing to {path} and did not finish within "
                "{seconds:g} seconds; try again",
                path=path,
                seconds=BUSY_SECONDS,
            ) from error
        if kind in _DAMAGED:
            raise damaged(path, str(error)) from error
        if kind in _UNWRITABLE:
            raise unwritable(path, error) from error
        raise


def unwritable(path: Path, error: Exception) -> RegistryUnwritableError:
    """The error for a file of the registry that could not be written."""
    return RegistryUnwritableError(
        "{path} cannot be written ({reason}); the change was not made. "
        "Check the free space and the permissions of the folder",
        path=path,
        reason=getattr(error, "strerror", None) or str(error),
    )


def damaged(path: Path, cause: RegistryDamagedError | str) -> RegistryDamagedError:
    """The error for a registry file that is not what the program wrote."""
    return RegistryDamagedError(
        "{path} is not a registry or is damaged ({cause}); restore it from a backup",
        path=path,
        cause=cause,
    )


def _connect(path: Path) -> sqlite3.Connection:
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        raise SqliteTooOldError(
            "this Python brings SQLite {version}; a registry needs 3.37 or newer. "
            "Use a Python that brings its own, such as those of python.org or uv",
            version=sqlite3.sqlite_version,
        )
    with translated_errors(path):
        # Without an isolation level Python opens no transaction behind our back.
        uri = path.absolute().as_uri() + "?mode=rw"
        return sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None)
