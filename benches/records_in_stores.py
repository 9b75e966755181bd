#!/usr/bin/env python3
"""The rows of a journal in SQLite and in RocksDB: how many bytes they take there.

Use: benches/records_in_stores.py ROWS [COMMIT_ROWS]     ROWS from `journal records --out ROWS`
RocksDB is measured where the package `rocksdict` is there (pip install rocksdict).

SQLite: one table with a row id and a unique index over (island, position), and one WITHOUT ROWID whose
primary key is (island, position); rows in journal order, COMMIT_ROWS (1,000) a transaction, journal_mode
WAL, synchronous FULL, page size 4,096. The WAL is checkpointed and truncated before the file is measured;
what it had grown to is told as well.
RocksDB: key (island, position), big endian; COMMIT_ROWS a write batch; flushed, compacted, closed; then
all its table files. What its write-ahead log had grown to is told as well.
"""

import os
import sqlite3
import struct
import sys
import tempfile

try:
    import rocksdict
except ImportError:
    rocksdict = None

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


def in_sqlite(path, table, commit_rows):
    with tempfile.TemporaryDirectory() as folder:
        name = os.path.join(folder, "db")
        db = sqlite3.connect(name, isolation_level=None)
        db.execute("PRAGMA page_size = 4096")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute(table)
        count = 0
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


def size_of(folder, ending):
    names = [name for name in os.listdir(folder) if name.endswith(ending)]
    return sum(os.path.getsize(os.path.join(folder, name)) for name in names)


def in_rocksdb(path, compression, commit_rows):
    with tempfile.TemporaryDirectory() as folder:
        options = rocksdict.Options(raw_mode=True)
        options.create_if_missing(True)
        options.set_compression_type(compression)
        # Large enough that the log is whole when it is measured.
        options.set_write_buffer_size(4 << 30)
        db = rocksdict.Rdict(folder, options)
        count = 0
        batch = rocksdict.WriteBatch(raw_mode=True)
        for island, position, record in rows(path):
            batch.put(struct.pack(">IQ", island, position), record)
            count += 1
            if count % commit_rows == 0:
                db.write(batch)
                batch = rocksdict.WriteBatch(raw_mode=True)
        db.write(batch)
        wal = size_of(folder, ".log")
        db.flush()
        db.compact_range(None, None)
        db.close()
        return count, size_of(folder, ".sst"), wal


def told(name, measured):
    count, size, wal = measured
    print(f"{name}: {count} rows, {size} bytes, {size / count:.1f} a row; log at its end {wal}")


def main():
    path = sys.argv[1]
    commit_rows = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    print(f"SQLite {sqlite3.sqlite_version}, {commit_rows} rows a transaction")
    for name, table in TABLES.items():
        told(f"SQLite, {name}", in_sqlite(path, table, commit_rows))
    if rocksdict is None:
        print("RocksDB: not measured, the package rocksdict is not there")
        return
    kinds = {
        "not compressed": rocksdict.DBCompressionType.none(),
        "snappy": rocksdict.DBCompressionType.snappy(),
    }
    for name, kind in kinds.items():
        told(f"RocksDB, {name}", in_rocksdb(path, kind, commit_rows))


main()
