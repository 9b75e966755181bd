#!/usr/bin/env python3
"""The rows of a journal in SQLite: how many bytes they take there.

Use: benches/records_in_sqlite.py ROWS [COMMIT_ROWS]     ROWS from `journal records --out ROWS`

One table with a row id and a unique index over (island, position), and one WITHOUT ROWID whose primary
key is (island, position); rows in journal order, COMMIT_ROWS (1,000) a transaction, journal_mode WAL,
synchronous FULL, page size 4,096. The WAL is checkpointed and truncated before the file is measured;
what it had grown to is told as well.
"""

import os
import sqlite3
import struct
import sys
import tempfile

TABLES = {
    "rowid": "CREATE TABLE r (island INTEGER, position INTEGER, bytes BLOB, UNIQUE (island, position))",
    "without rowid": "CREATE TABLE r (island INTEGER, position INTEGER, bytes BLOB,"
    " PRIMARY KEY (island, position)) WITHOUT ROWID",
}


def rows(path):
    with open(path, "rb") as file:
        while head := file.read(16):
            island, position, length = struct.unpack("<IQI", head)
            yield island, position, file.read(length)


def measure(path, table, commit_rows):
    with tempfile.TemporaryDirectory() as folder:
        name = os.path.join(folder, "db")
        db = sqlite3.connect(name, isolation_level=None)
        db.execute("PRAGMA page_size = 4096")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute(table)
        count = wal = 0
        for row in rows(path):
            if count % commit_rows == 0:
                db.execute("BEGIN")
            db.execute("INSERT INTO r VALUES (?, ?, ?)", row)
            count += 1
            if count % commit_rows == 0:
                db.execute("COMMIT")
        if db.in_transaction:
            db.execute("COMMIT")
        wal = os.path.getsize(name + "-wal")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.close()
        return count, os.path.getsize(name), wal


def main():
    path = sys.argv[1]
    commit_rows = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    print(f"SQLite {sqlite3.sqlite_version}, {commit_rows} rows a transaction")
    for name, table in TABLES.items():
        count, size, wal = measure(path, table, commit_rows)
        print(f"{name}: {count} rows, {size} bytes, {size / count:.1f} a row; WAL at its end {wal}")


main()
