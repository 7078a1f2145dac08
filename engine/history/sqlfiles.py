"""Named SQL from the files of this room: readable, testable, one query a file."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def sql(name: str) -> str:
    """The text of `sql/<name>.sql`.

    Raises:
        FileNotFoundError: there is no such query; a mistake of ours.
    """
    return files("engine.history").joinpath("sql", f"{name}.sql").read_text("utf-8")


def migrations() -> list[tuple[int, str]]:
    """The migrations as (number, SQL), lowest first."""
    folder = files("engine.history").joinpath("sql", "migrations")
    found = [entry for entry in folder.iterdir() if entry.name.endswith(".sql")]
    return sorted((int(entry.name.split("_")[0]), entry.read_text("utf-8")) for entry in found)
