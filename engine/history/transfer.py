"""Rows as bytes between nodes: Arrow batches, a packed range of them, and a digest to compare."""

from __future__ import annotations

import io
from hashlib import blake2b
from typing import Any, Final

import duckdb
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from engine.core.errors import CorruptData
from engine.history.schema import STORED, Table

FORMAT: Final = 1
ROWS_MAX: Final = 50_000
"""So many rows travel at once; an entry is never cut in two."""

_MAGIC: Final = b"CHRH"
_JSON: Final = pa.json_(pa.string())
PIECE_ROWS: Final = 1_024
"""So many rows are made into arrays at once: larger ones come in pages that are new each time."""


def batch(table: Table, rows: list[tuple[Any, ...]]) -> pa.Table:
    """Rows, each in the column order of `table`, as one Arrow table."""
    schema = table.arrow
    types = schema.types
    pieces = []
    for start in range(0, len(rows), PIECE_ROWS):
        columns = zip(*rows[start : start + PIECE_ROWS], strict=True)
        arrays = [pa.array(values, type=kind) for values, kind in zip(columns, types, strict=True)]
        pieces.append(pa.RecordBatch.from_arrays(arrays, schema=schema))
    return pa.Table.from_batches(pieces, schema)


def known_json(table: Table, rows: pa.Table) -> pa.Table:
    """The same rows for DuckDB, which need not read again what is known to be JSON."""
    schema = table.arrow
    for place, column in enumerate(table.columns):
        if column.type == "JSON":
            schema = schema.set(place, pa.field(column.name, _JSON))
    return rows.cast(schema)


def pack(
    cursor: duckdb.DuckDBPyConnection, after: int, upto: int, watermark: int, rows_max: int
) -> bytes:
    """Header and, per table, an Arrow IPC stream of the rows with `after` < raft_index <= its end.

    The end is `upto`, or the entry with which `rows_max` rows are reached; the header says which.

    Raises:
        CorruptData: `upto` lies above `watermark`; these rows are not here yet.
    """
    if upto > watermark:
        raise CorruptData(f"rows up to {upto} were asked for, this node has them up to {watermark}")
    upto = _end_of(cursor, after, upto, rows_max)
    streams = []
    for table in STORED:
        found: Any = cursor.sql(
            f"SELECT {', '.join(table.names)} FROM {table.name} "  # noqa: S608  # our own names
            "WHERE raft_index > ? AND raft_index <= ?",
            params=[after, upto],
        ).to_arrow_table()
        plain = found.cast(table.arrow)
        sink = io.BytesIO()
        options = pa.ipc.IpcWriteOptions(compression="zstd")
        with pa.ipc.new_stream(sink, table.arrow, options=options) as writer:
            writer.write_table(plain)
        streams.append(sink.getvalue())
    body = b"".join(streams)
    header = orjson.dumps(
        {
            "format": FORMAT,
            "after": after,
            "upto": upto,
            "tables": [[table.name, len(s)] for table, s in zip(STORED, streams, strict=True)],
            "digest": blake2b(body, digest_size=16).hexdigest(),
        }
    )
    return _MAGIC + len(header).to_bytes(4, "big") + header + body


def _end_of(cursor: duckdb.DuckDBPyConnection, after: int, upto: int, rows_max: int) -> int:
    """The entry with which `rows_max` rows above `after` are reached; `upto` if they never are."""
    union = " UNION ALL ".join(
        f"SELECT raft_index FROM {table.name} WHERE raft_index > $after AND raft_index <= $upto"  # noqa: S608  # our own names
        for table in STORED
    )
    found = cursor.execute(
        f"SELECT raft_index FROM ({union}) ORDER BY raft_index LIMIT 1 OFFSET $rows",  # noqa: S608  # our own names
        {"after": after, "upto": upto, "rows": rows_max - 1},
    ).fetchall()
    return int(found[0][0]) if found else upto


def unpack(data: bytes, watermark: int) -> tuple[int, dict[str, pa.Table]]:
    """Where a packed range ends, and its rows above `watermark` by table, empty ones left out.

    Raises:
        CorruptData: damaged bytes, another format, or a gap after `watermark`.
    """
    if data[:4] != _MAGIC:
        raise CorruptData("this is not a range of history")
    end = 8 + int.from_bytes(data[4:8], "big")
    try:
        header = orjson.loads(data[8:end])
    except orjson.JSONDecodeError as error:
        raise CorruptData(f"the header of the range is damaged: {error}") from error
    body = memoryview(data)[end:]
    if header["format"] != FORMAT:
        raise CorruptData(f"the range has format {header['format']}, this build knows {FORMAT}")
    if header["digest"] != blake2b(body, digest_size=16).hexdigest():
        raise CorruptData("the range is damaged: its digest does not match")
    after, upto = header["after"], header["upto"]
    if after > watermark:
        raise CorruptData(f"the range begins at {after}, needed is {watermark}")
    tables = {}
    position = 0
    for name, size in header["tables"]:
        with pa.ipc.open_stream(body[position : position + size]) as reader:
            found = reader.read_all()
        position += size
        index = found.column("raft_index")
        wanted = found.filter(pc.greater(index, watermark))
        if wanted.num_rows:
            tables[name] = wanted
    return upto, tables


def content_hash(cursor: duckdb.DuckDBPyConnection, upto: int) -> str:
    """A digest of the rows up to `upto`, whatever order and groups they were written in."""
    totals = []
    for table in STORED:
        row = cursor.execute(
            "SELECT count(*), coalesce(sum(hash(row_)::UHUGEINT), 0)::VARCHAR "  # noqa: S608  # our own names
            f"FROM (SELECT {', '.join(table.names)} FROM {table.name} WHERE raft_index <= ?) row_",
            [upto],
        ).fetchone()
        totals.append([table.name, *(row or ())])
    return blake2b(orjson.dumps(totals), digest_size=16).hexdigest()
