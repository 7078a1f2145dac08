"""The client of one call of `chronosctl`, and how its troubles become exit codes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Annotated, Final, NoReturn

import typer

from app.client.client import Client
from app.client.errors import ApiError, Unreachable
from app.client.transport import TIMEOUT_S
from app.config import client_environment
from engine.core.errors import InvalidDocument

DONE: Final = 0
REFUSED: Final = 1
WRONG_USAGE: Final = 2
NOT_REACHABLE: Final = 3

Url = Annotated[
    str | None,
    typer.Option("--url", help="A node's URL; else CHRONOS_URL, else http://127.0.0.1:8080."),
]
ApiKey = Annotated[str | None, typer.Option("--api-key", help="Else CHRONOS_API_KEY.")]

Confirmed = Annotated[
    bool, typer.Option("--confirmed", help="See all that was acknowledged before, on any node.")
]


def remember(context: typer.Context, url: str | None, api_key: str | None, confirmed: bool) -> None:
    """Keep where to go, and how to ask there, for the command that follows."""
    default_url, default_key = client_environment()
    context.obj = (url or default_url, api_key or default_key, confirmed)


@contextmanager
def connected(context: typer.Context, *, patience_s: float = 0.0) -> Iterator[Client]:
    """A client; what it raises is said in words and becomes the exit code.

    Args:
        context: of the command.
        patience_s: seconds that an answer may take beyond the usual.
    """
    url, api_key, confirmed = context.find_root().obj
    timeout_s = TIMEOUT_S + patience_s
    try:
        with closing(Client(url, api_key, timeout_s=timeout_s, confirmed=confirmed)) as client:
            yield client
    except ApiError as error:
        say(f"{error.message} [{error.code}]")
        for detail in error.details:
            field, reason, hint = (detail.get(key, "") for key in ("field", "reason", "hint"))
            say(f"  {field}: {reason}" + (f" ({hint})" if hint else ""))
        raise typer.Exit(REFUSED) from None
    except Unreachable as error:
        say(str(error))
        say("  is one running (chronos serve), and is CHRONOS_URL right?")
        raise typer.Exit(NOT_REACHABLE) from None
    except InvalidDocument as error:
        for problem in error.problems:
            say(str(problem))
        raise typer.Exit(WRONG_USAGE) from None
    except ValueError as error:
        # The address or the document is such that no request can be written.
        say(f"cannot ask {url}: {error}")
        raise typer.Exit(WRONG_USAGE) from None


def say(text: str) -> None:
    """One line to standard error."""
    sys.stderr.write(f"chronosctl: {text}\n")


def refuse(text: str, code: int = REFUSED) -> NoReturn:
    """Say why not, and end."""
    say(text)
    raise typer.Exit(code)
