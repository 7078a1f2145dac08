"""The program `chronosctl` and a real server behind it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner, Result

from app.cli.main import app
from tests.kit.door import Door
from tests.kit.served import Served

Run = Callable[..., Result]


@contextmanager
def server(folder: Path) -> Iterator[Served]:
    """A server of an empty node."""
    # It shares this process, and its log must not stand in what the program prints.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    served = Served(folder)
    yield served
    served.stop()
    structlog.reset_defaults()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with server(tmp_path / "node") as served:
        yield served


@pytest.fixture
def door(served: Served) -> Door:
    return served.door


@pytest.fixture
def run(served: Served) -> Run:
    def call(*given: str, stdin: str | None = None) -> Result:
        result = CliRunner().invoke(app, ["--url", served.url, *given], input=stdin)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return call
