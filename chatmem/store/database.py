"""The file: opened by one writer under a lock, migrated, written in transactions, and erased for good when asked."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from chatmem.errors import StoreDamaged, StoreLocked, StoreTooNew

if TYPE_CHECKING:
    import sqlite_utils
    from filelock import FileLock

    from chatmem.config import Paths
    from chatmem.types import Clock


def utc(moment: datetime | None) -> str | None:
    """A moment as it is stored: UTC, to the millisecond."""
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="milliseconds")


def chunks(ids: Sequence[str], size: int = 500) -> Iterator[Sequence[str]]:
    """Parts small enough for the parameters of one statement."""
    for start in range(0, len(ids), size):
        yield ids[start : start + size]


MAPPED = 4 << 30
"""Bytes of the file that are read in place instead of copied in: recall at 100,000 rounds takes a fifth less time."""


class Database:
    """One SQLite file, open for one profile."""

    def __init__(self, db: sqlite_utils.Database, lock: FileLock | None, paths: Paths, profile: str, clock: Clock) -> None:
        self._db = db
        self._paths = paths
        self._lock = lock
        self._guard = threading.RLock()
        self._depth = 0
        self._deferred: dict[str, Callable[[str], None]] = {}  # by the id of what they write
        self._row_counts: dict[tuple[str, str], tuple[int, int]] = {}  # of words in the full-text indexes, when the table had so many rows
        self.profile = profile
        self.clock = clock

    @classmethod
    def open(cls, paths: Paths, profile: str, clock: Clock, *, read_only: bool = False) -> Self:
        """Open or create the database, take the lock, and bring the tables up to date.

        With ``read_only`` no lock is taken, so that one may look while the app is open; a database that is absent or
        of an older schema is opened for writing all the same. Raises StoreLocked, StoreTooNew, or StoreDamaged.
        """
        from filelock import FileLock, Timeout

        paths.make()
        if read_only and _is_current(paths):
            return cls(_connect(paths, read_only=True), None, paths, profile, clock)
        lock = FileLock(paths.lock, timeout=0, mode=0o600, thread_local=False)  # opened and closed by different threads
        try:
            lock.acquire()
        except Timeout as error:
            raise StoreLocked(
                f"Another chatmem has {paths.home} open.", "Close it first, or set CHATMEM_HOME to another folder for a second, separate memory."
            ) from error
        try:
            if not paths.database.exists():
                os.close(os.open(paths.database, os.O_CREAT | os.O_RDWR, 0o600))
            paths.database.chmod(0o600)
            db = _connect(paths)
            _migrate(db, paths)
            db.conn.isolation_level = None  # transactions are begun and ended here, by `transaction` alone
        except sqlite3.DatabaseError as error:
            lock.release()
            raise StoreDamaged(
                f"The database {paths.database} cannot be read: {error}.",
                "Move the file aside and restore a copy; `sqlite3 chatmem.db .recover` can save what is left.",
            ) from error
        except BaseException:
            lock.release()
            raise
        return cls(db, lock, paths, profile, clock)

    @cached_property
    def reader(self) -> Self:
        """The same store once more, to read from in another thread meanwhile; it sees what is committed."""
        return type(self)(_connect(self._paths, read_only=True), None, self._paths, self.profile, self.clock)

    def close(self) -> None:
        """Close the database and give the lock back."""
        with self._guard:
            if "reader" in self.__dict__:
                self.reader.close()
            self._db.close()
            if self._lock:
                self._lock.release()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All writes inside are applied together or not at all. Nests. Raises StoreDamaged when the disk refuses."""
        with self._guard:
            if self._depth:
                self._depth += 1
                try:
                    yield
                finally:
                    self._depth -= 1
                return
            connection = self._connection
            try:
                connection.execute("BEGIN IMMEDIATE")
                self._depth = 1
                yield
                for id_, write in self._deferred.items():
                    write(id_)
                connection.execute("COMMIT")
            except BaseException as error:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                if isinstance(error, sqlite3.OperationalError):
                    raise StoreDamaged(
                        f"The database could not be written: {error}.", "Free some disk space and try again; nothing stored was lost."
                    ) from error
                raise
            finally:
                self._depth = 0
                self._deferred.clear()

    @property
    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection = self._db.conn
        return connection

    def _rows(self, sql: str, parameters: Sequence[object] = ()) -> list[dict[str, Any]]:
        with self._guard:
            cursor = self._connection.execute(sql, tuple(parameters))
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def _write(self, sql: str, parameters: Sequence[object] = ()) -> int:
        with self.transaction():
            return self._connection.execute(sql, tuple(parameters)).rowcount

    def _at_commit(self, id_: str, write: Callable[[str], None]) -> None:
        """Write what is derived of ``id_`` once, at the end of the transaction, however often its rows change in it."""
        self._deferred[id_] = write

    def _insert(self, table: str, row: dict[str, object]) -> None:
        self._write(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", list(row.values()))

    def meta(self, key: str) -> str | None:
        """A value of the meta table."""
        rows = self._rows("SELECT value FROM meta WHERE key = ?", [key])
        return rows[0]["value"] if rows else None

    def set_meta(self, key: str, value: str) -> None:
        """Write a value of the meta table."""
        self._write("INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", [key, value])

    def _next(self, prefix: str) -> str:
        """The next id with this prefix; never reused, so that an id names one thing for ever."""
        with self.transaction():
            number = int(self.meta(f"next_{prefix}") or 1)
            self.set_meta(f"next_{prefix}", str(number + 1))
        return f"{prefix}{number}"


def _connect(paths: Paths, *, read_only: bool = False) -> sqlite_utils.Database:
    from sqlite_utils import Database as SqliteDatabase

    if read_only:
        connection = sqlite3.connect(f"{paths.database.as_uri()}?mode=ro", uri=True, check_same_thread=False, timeout=10)
        connection.execute("PRAGMA query_only = ON")
    else:
        connection = sqlite3.connect(paths.database, check_same_thread=False, timeout=10)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA synchronous = FULL")  # a turn is durable before the model starts on it
    connection.execute(f"PRAGMA mmap_size = {MAPPED}")
    return SqliteDatabase(connection)


def _is_current(paths: Paths) -> bool:
    from chatmem.store.schema import SCHEMA_VERSION

    if not paths.database.exists():
        return False
    try:
        db = _connect(paths, read_only=True)
        version: int = db.execute("PRAGMA user_version").fetchone()[0]
        db.close()
    except sqlite3.DatabaseError:
        return False
    return version == SCHEMA_VERSION


def _migrate(db: sqlite_utils.Database, paths: Paths) -> None:
    from chatmem.store.schema import SCHEMA_VERSION, migrations

    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA_VERSION:
        raise StoreTooNew(f"{paths.database} was written by a newer chatmem (schema {version}, this one knows {SCHEMA_VERSION}).", "Update chatmem.")
    if version < SCHEMA_VERSION:
        migrations.apply(db)
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
