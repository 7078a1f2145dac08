"""`chronos`: run a node, check its settings, print its API document.

Flags alone (`python -m app.cli.serve --data-dir D`) mean `serve`.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer
import yaml

from app.api.main import describe_app
from app.config import Config, load_config
from app.datadir import DataDirTaken, back_up
from app.datadir import restore as restore_archive
from app.observe.logs import set_up_logging
from engine.core.errors import ChronosError, InvalidDocument
from engine.core.version import VERSION

app = typer.Typer(
    name="chronos",
    help="A node of a Chronos cluster.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

OK: Final = 0
REFUSED: Final = 1
WRONG_USAGE: Final = 2
SHOWN_INSTEAD: Final = "***"

Archive = Annotated[Path, typer.Argument(help="The backup, a .tar.gz file.")]
ConfigFile = Annotated[Path | None, typer.Option("--config", help="A YAML file of settings.")]
NodeId = Annotated[str | None, typer.Option("--node-id", help="cluster.node_id")]
DataDir = Annotated[Path | None, typer.Option("--data-dir", help="cluster.data_dir")]
Http = Annotated[str | None, typer.Option("--http", help="server.http.address")]
Raft = Annotated[str | None, typer.Option("--raft", help="cluster.raft.address")]
Peer = Annotated[
    list[str] | None, typer.Option("--peer", help="Another node's Raft address; once for each.")
]
LogLevel = Annotated[str | None, typer.Option("--log-level", help="logging.level")]


@app.command()
def serve(
    config: ConfigFile = None,
    node_id: NodeId = None,
    data_dir: DataDir = None,
    http: Http = None,
    raft: Raft = None,
    peer: Peer = None,
    log_level: LogLevel = None,
) -> None:
    """Run one node until it is told to stop by SIGTERM or SIGINT."""
    settings = _load(config, _flags(node_id, data_dir, http, raft, peer, log_level))
    set_up_logging(settings.logging)
    # The node pulls in everything; checking settings should not.
    from app.process import serve as run_node

    with refusals():
        raise typer.Exit(run_node(settings))


@app.command("check-config")
def check_config(
    config: ConfigFile = None,
    node_id: NodeId = None,
    data_dir: DataDir = None,
    http: Http = None,
    raft: Raft = None,
    peer: Peer = None,
    log_level: LogLevel = None,
) -> None:
    """Check the settings and print what would be in force, secrets hidden."""
    settings = _load(config, _flags(node_id, data_dir, http, raft, peer, log_level))
    document = settings.model_dump(mode="json")
    sys.stdout.write(yaml.safe_dump(shown(document), sort_keys=False))


@app.command()
def backup(archive: Archive, config: ConfigFile = None, data_dir: DataDir = None) -> None:
    """Write a stopped node's data directory into one file; of a cluster, stop a follower for it."""
    folder = _load(config, _flags(None, data_dir, None, None, None, None)).cluster.data_dir
    with refusals():
        count = back_up(folder, archive, VERSION)
    typer.echo(
        f"{count} files of {folder} are in {archive}; it holds the jobs' secrets: keep it safe"
    )


@app.command()
def restore(
    archive: Archive,
    config: ConfigFile = None,
    data_dir: DataDir = None,
    replace: Annotated[bool, typer.Option("--replace", help="Data that is there may go.")] = False,
) -> None:
    """Put a backup in the place of a data directory, once every file of it was checked."""
    folder = _load(config, _flags(None, data_dir, None, None, None, None)).cluster.data_dir
    with refusals():
        manifest = restore_archive(archive, folder, replace=replace)
    typer.echo(
        f"{len(manifest['files'])} files are in {folder}; start the node with the same node_id"
    )


@contextlib.contextmanager
def refusals() -> Iterator[None]:
    """Say why it cannot be done, instead of a traceback."""
    try:
        yield
    except DataDirTaken as error:
        typer.echo(f"chronos: {error}; name another, or allow it with --replace", err=True)
    except (ChronosError, OSError) as error:
        typer.echo(f"chronos: {error}", err=True)
    else:
        return
    raise typer.Exit(REFUSED)


@app.command()
def openapi(
    output: Annotated[Path | None, typer.Option("--output", help="A file; else stdout.")] = None,
) -> None:
    """Print the OpenAPI document of the REST API."""
    text = openapi_text()
    if output is None:
        sys.stdout.write(text)
    else:
        output.write_text(text, encoding="utf-8")


def openapi_text() -> str:
    """The document as it is checked in: keys in order of the code, two spaces, one newline."""
    return json.dumps(describe_app().openapi(), indent=2, ensure_ascii=False) + "\n"


def shown(document: Any) -> Any:
    """Settings as people write them: durations as text, secrets struck out."""
    from engine.core.durations import format_duration

    if isinstance(document, dict):
        result = {}
        for key, value in document.items():
            if key in ("secret", "key") and value:
                result[key] = SHOWN_INSTEAD
            elif key.endswith("_us"):
                result[key.removesuffix("_us")] = format_duration(value)
            else:
                result[key] = shown(value)
        return result
    if isinstance(document, list):
        return [shown(item) for item in document]
    return document


def _flags(
    node_id: str | None,
    data_dir: Path | None,
    http: str | None,
    raft: str | None,
    peers: list[str] | None,
    log_level: str | None,
) -> dict[str, Any]:
    """The settings that flags name, nested like the YAML; what is not given is left out."""
    raft_settings: dict[str, Any] = {}
    if raft is not None:
        raft_settings["address"] = raft
    if peers:
        raft_settings["peers"] = peers
    cluster: dict[str, Any] = {}
    if node_id is not None:
        cluster["node_id"] = node_id
    if data_dir is not None:
        cluster["data_dir"] = str(data_dir)
    if raft_settings:
        cluster["raft"] = raft_settings
    flags: dict[str, Any] = {}
    if cluster:
        flags["cluster"] = cluster
    if http is not None:
        flags["server"] = {"http": {"address": http}}
    if log_level is not None:
        flags["logging"] = {"level": log_level}
    return flags


def _load(path: Path | None, flags: dict[str, Any]) -> Config:
    try:
        return load_config(path, flags)
    except InvalidDocument as error:
        for problem in error.problems:
            typer.echo(f"chronos: {problem}", err=True)
        raise typer.Exit(WRONG_USAGE) from None


def arguments(given: Sequence[str]) -> list[str]:
    """The arguments with `serve` put in front where flags stand alone.

    >>> arguments(["--http", "127.0.0.1:0"]), arguments(["check-config"]), arguments(["--help"])
    (['serve', '--http', '127.0.0.1:0'], ['check-config'], ['--help'])
    """
    if given and given[0].startswith("-") and given[0] not in ("--help", "-h"):
        return ["serve", *given]
    return list(given)


def main() -> None:
    """The program `chronos`."""
    app(arguments(sys.argv[1:]))


if __name__ == "__main__":
    main()
