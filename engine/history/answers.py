"""A result of people's SQL as JSON rows, CSV, Arrow or Parquet; made inside the worker."""

from __future__ import annotations

import io
import math
from base64 import b64encode
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

import orjson
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

FORMATS: Final = ("json", "csv", "arrow", "parquet")


def encode(table: pa.Table, kind: str) -> bytes:
    """The rows in the form `kind`; JSON is an array of arrays, instants as RFC 3339 in UTC."""
    sink = io.BytesIO()
    if kind == "arrow":
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        return sink.getvalue()
    if kind == "parquet":
        pq.write_table(table, sink, compression="zstd")
        return sink.getvalue()
    if kind == "csv":
        pa_csv.write_csv(_flat(table), sink)
        return sink.getvalue()
    columns = [[_plain(value) for value in column.to_pylist()] for column in table.columns]
    rows = [list(row) for row in zip(*columns, strict=True)]
    return orjson.dumps(rows)


def _flat(table: pa.Table) -> pa.Table:
    """The table with nested and binary columns as JSON text, which CSV can carry."""
    arrays = []
    for column in table.columns:
        kind = column.type
        if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_interval(kind):
            texts = [
                None if value is None else orjson.dumps(_plain(value)).decode()
                for value in column.to_pylist()
            ]
            arrays.append(pa.array(texts, pa.string()))
        else:
            arrays.append(column)
    return pa.Table.from_arrays(arrays, names=table.column_names)


def _plain(value: Any) -> Any:  # one line for each kind of value
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**64 else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat() + "Z"
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, pa.MonthDayNano):
        seconds = value.days * 86_400 + value.nanoseconds / 1e9
        return f"{value.months} months {seconds} s" if value.months else seconds
    if isinstance(value, Decimal):
        return _plain(int(value)) if value == value.to_integral_value() else float(value)
    if isinstance(value, bytes):
        return b64encode(value).decode()
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value)
