"""Settings of a node: YAML, then `CHRONOS_<SECTION>__<KEY>`, then flags; the last one wins.

Read once, at start, into frozen sections; every room receives its own section and nothing else.
Durations are text outside ("30s") and microseconds inside (`*_us`). Only this module reads the
environment.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar, get_args

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from engine.core.durations import parse_duration
from engine.core.errors import InvalidDocument, Problem

PREFIX: Final = "CHRONOS_"
SECOND_US: Final = 1_000_000
MINUTE_US: Final = 60 * SECOND_US
SECRET_LENGTH_MIN: Final = 16

T = TypeVar("T")


def _duration(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a duration; write text such as '30s' or '1h30m'")  # noqa: TRY004  # pydantic turns only a ValueError into a located error
    try:
        return parse_duration(value)
    except InvalidDocument as error:
        problem = error.problems[0]
        raise ValueError(f"{problem.reason}; {problem.hint}") from None


def split_address(text: str) -> tuple[str, int]:
    """Return the host and the port of `host:port`, an IPv6 host without its brackets.

    Raises:
        ValueError: the text is not an address.

    >>> split_address("127.0.0.1:8080"), split_address("[::1]:0")
    (('127.0.0.1', 8080), ('::1', 0))
    """
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or not 0 <= int(port) <= 65535 or not host:
        raise ValueError(f"{text!r} is not an address; write host:port, such as 127.0.0.1:8080")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError(f"{text!r}: an IPv6 host stands in brackets, such as [::1]:8080")
    if any(c.isspace() or c in "/@" for c in host):
        raise ValueError(f"{text!r} is not an address; write host:port, such as 127.0.0.1:8080")
    return host, int(port)


def is_loopback(address: str) -> bool:
    """Whether `host:port` is reached from this machine only."""
    host, _ = split_address(address)
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _address(value: object) -> object:
    if isinstance(value, str):
        split_address(value)
    return value


def _addresses(value: object) -> object:
    """Take a list, or from the environment `a:1,b:2`."""
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip()]
    if isinstance(value, list | tuple):
        for item in value:
            _address(item)
    return value


Duration = Annotated[int, BeforeValidator(_duration)]
Address = Annotated[str, BeforeValidator(_address)]
Addresses = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_addresses)]


class Section(BaseModel):
    """A group of settings: frozen, and closed to keys that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=False)


class RaftSettings(Section):
    """How the nodes agree. `secret` is shared by all nodes; empty means no encryption."""

    address: Address = "127.0.0.1:7000"
    peers: Addresses = ()
    secret: str = Field(default="", repr=False)
    heartbeat_timeout_us: Duration = Field(default=500_000, alias="heartbeat_timeout", ge=10_000)
    election_timeout_us: Duration = Field(default=SECOND_US, alias="election_timeout", ge=50_000)
    snapshot_interval_us: Duration = Field(
        default=30 * SECOND_US, alias="snapshot_interval", ge=100_000
    )
    snapshot_threshold: int = Field(default=1000, ge=1)


class ClusterSettings(Section):
    """Who this node is and where it keeps its data."""

    node_id: str = Field(default="chronos-1", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    data_dir: Path = Path("data/var/chronos-1")
    raft: RaftSettings = RaftSettings()


class HttpServerSettings(Section):
    """Where the REST API listens."""

    address: Address = "127.0.0.1:8080"
    read_timeout_us: Duration = Field(default=30 * SECOND_US, alias="read_timeout", ge=1000)
    write_timeout_us: Duration = Field(default=30 * SECOND_US, alias="write_timeout", ge=1000)


class ServerSettings(Section):
    """The listeners."""

    http: HttpServerSettings = HttpServerSettings()


class RetryPolicySettings(Section):
    """The retry policy of a job that states none."""

    max_attempts: int = Field(default=3, ge=1, le=100)
    initial_interval_us: Duration = Field(default=SECOND_US, alias="initial_interval", ge=0)
    max_interval_us: Duration = Field(default=MINUTE_US, alias="max_interval", ge=0)
    multiplier: float = Field(default=2.0, ge=1.0, le=10.0)


class SchedulerSettings(Section):
    """What runs when."""

    tick_interval_us: Duration = Field(
        default=SECOND_US, alias="tick_interval", ge=10_000, le=MINUTE_US
    )
    execution_timeout_us: Duration = Field(
        default=5 * MINUTE_US, alias="execution_timeout", ge=1000
    )
    missed_run_policy: Literal["ignore", "execute_one", "execute_all"] = "execute_one"
    default_retry_policy: RetryPolicySettings = RetryPolicySettings()


class HttpDispatchSettings(Section):
    """How targets are called."""

    timeout_us: Duration = Field(default=30 * SECOND_US, alias="timeout", ge=1000)
    max_idle_conns: int = Field(default=100, ge=0, le=100_000)
    idle_conn_timeout_us: Duration = Field(default=90 * SECOND_US, alias="idle_conn_timeout", ge=0)


class ConcurrencySettings(Section):
    """How much runs at once on this node, and of one job."""

    max_concurrent_jobs: int = Field(default=1000, ge=1, le=100_000)
    per_job_limit: int = Field(default=0, ge=0, le=100_000)


class DispatcherSettings(Section):
    """How jobs are run."""

    http: HttpDispatchSettings = HttpDispatchSettings()
    concurrency: ConcurrencySettings = ConcurrencySettings()


class PrometheusSettings(Section):
    """The scrape endpoint."""

    enabled: bool = True
    path: str = Field(default="/metrics", pattern=r"^/[A-Za-z0-9._/-]+$")
    public: bool = False


class AnalyticsSettings(Section):
    """What the leader finds out about the runs of jobs."""

    enabled: bool = True
    interval_us: Duration = Field(default=30 * SECOND_US, alias="interval", ge=SECOND_US)
    training_us: Duration = Field(default=6 * 3600 * SECOND_US, alias="training", ge=60 * SECOND_US)


class MetricsSettings(Section):
    """What is counted, and where it is read."""

    prometheus: PrometheusSettings = PrometheusSettings()


class LoggingSettings(Section):
    """What is logged, and how; `output` is stdout, stderr or a file."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["json", "text"] = "json"
    output: str = "stdout"


class ApiKeySettings(Section):
    """One key and the actor that it stands for."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$")
    key: str = Field(min_length=SECRET_LENGTH_MIN, repr=False)


class AuthSettings(Section):
    """Who may call. `none` is refused unless every listener is on loopback."""

    type: Literal["none", "api_key"] = "none"
    keys: tuple[ApiKeySettings, ...] = ()


class Config(BaseSettings):
    """All settings of one node; see `docs/reference/configuration.md`."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        validate_by_name=False,
    )

    cluster: ClusterSettings = ClusterSettings()
    server: ServerSettings = ServerSettings()
    scheduler: SchedulerSettings = SchedulerSettings()
    dispatcher: DispatcherSettings = DispatcherSettings()
    analytics: AnalyticsSettings = AnalyticsSettings()
    metrics: MetricsSettings = MetricsSettings()
    logging: LoggingSettings = LoggingSettings()
    auth: AuthSettings = AuthSettings()


def load_config(path: Path | None = None, flags: Mapping[str, Any] | None = None) -> Config:
    """Return the settings of a node, checked as a whole.

    Args:
        path: a YAML file; None for none.
        flags: nested like the YAML, e.g. `{"cluster": {"node_id": "chronos-2"}}`.

    Raises:
        InvalidDocument: one Problem per fault, named by its dotted key, with a suggestion.
    """
    document = read_yaml(path) if path is not None else {}
    problems = _stray_environment()

    class _Loaded(Config):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return init_settings, env_settings, InitSettingsSource(settings_cls, document)

    try:
        config: Config = _Loaded(**dict(flags or {}))
    except ValidationError as error:
        problems += [_problem(fault) for fault in error.errors()]
    except SettingsError as error:
        problems.append(Problem("environment", str(error), "see docs/reference/configuration.md"))
    else:
        problems += _unsafe(config)
    if problems:
        raise InvalidDocument(problems)
    return config


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the one mapping of a YAML file; an empty file is an empty mapping.

    Raises:
        InvalidDocument: the file cannot be read, is not YAML, or is not a mapping.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        reason = f"cannot be read: {error.strerror}"
        raise InvalidDocument([Problem(str(path), reason, "name a file that exists")]) from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        where = getattr(error, "problem_mark", None)
        line = f" at line {where.line + 1}" if where is not None else ""
        reason = f"is not YAML{line}: {getattr(error, 'problem', None) or 'not text'}"
        hint = "indent with spaces and quote text that holds ': ' or '#'"
        raise InvalidDocument([Problem(str(path), reason, hint)]) from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise InvalidDocument(
            [Problem(str(path), "is not a mapping", "write section: {key: value}")]
        )
    return {str(key): value for key, value in document.items()}


def client_environment() -> tuple[str, str | None]:
    """Return the URL and the API key that a client of a node should use."""
    url = os.environ.get("CHRONOS_URL", "").strip()
    return url or "http://127.0.0.1:8080", os.environ.get("CHRONOS_API_KEY") or None


def names_a_node() -> bool:
    """Whether `CHRONOS_URL` says which node a client should use."""
    return bool(os.environ.get("CHRONOS_URL", "").strip())


def _stray_environment() -> list[Problem]:
    """Refuse `CHRONOS_CLUSTR__NODE_ID`: pydantic-settings would silently pass it over."""
    sections = list(Config.model_fields)
    problems = []
    for name in sorted(os.environ):
        if not name.startswith(PREFIX) or "__" not in name:
            continue
        section = name[len(PREFIX) :].partition("__")[0].lower()
        if section not in sections:
            problems.append(Problem(name, "is not a known setting", _suggest(section, sections)))
    return problems


def _unsafe(config: Config) -> list[Problem]:
    problems = []
    listeners = {
        "server.http.address": config.server.http.address,
        "cluster.raft.address": config.cluster.raft.address,
    }
    hint = "auth: {type: api_key, keys: [...]}, or listen on 127.0.0.1"
    for field, address in listeners.items():
        if config.auth.type == "none" and not is_loopback(address):
            reason = f"type none needs every listener on loopback, but {field} is {address}"
            problems.append(Problem("auth.type", reason, hint))
    if config.auth.type == "api_key" and not config.auth.keys:
        problems.append(
            Problem("auth.keys", "is empty, so nobody could call", "keys: [{name: ops, key: ...}]")
        )
    raft = config.cluster.raft
    if not is_loopback(raft.address) and len(raft.secret) < SECRET_LENGTH_MIN:
        reason = f"is needed while cluster.raft.address is {raft.address}"
        hint = f"at least {SECRET_LENGTH_MIN} random characters, the same on every node"
        problems.append(Problem("cluster.raft.secret", reason, hint))
    if raft.election_timeout_us < raft.heartbeat_timeout_us:
        problems.append(
            Problem(
                "cluster.raft.election_timeout",
                "is shorter than heartbeat_timeout",
                "at least as long as heartbeat_timeout",
            )
        )
    policy = config.scheduler.default_retry_policy
    if policy.max_interval_us < policy.initial_interval_us:
        problems.append(
            Problem(
                "scheduler.default_retry_policy.max_interval",
                "is shorter than initial_interval",
                "at least initial_interval",
            )
        )
    return problems


def _problem(fault: Any) -> Problem:
    """Turn a pydantic fault into a Problem under the key that the person wrote."""
    location = [str(part) for part in fault["loc"]]
    field = ".".join(location) or "config"
    kind = fault["type"]
    value = repr(fault.get("input"))
    shown = value if len(value) <= 60 else value[:57] + "..."
    if kind == "extra_forbidden":
        return Problem(field, "is not a known setting", _suggest(location[-1], _keys(location)))
    if kind == "value_error":
        reason, _, hint = str(fault["ctx"]["error"]).partition("; ")
        return Problem(field, reason, hint or "see docs/reference/configuration.md")
    if kind == "literal_error":
        return Problem(field, f"{shown} is unknown", f"one of {fault['ctx']['expected']}")
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        return Problem(
            field, f"{shown} is not a section", f"keys: {', '.join(_keys([*location, '']))}"
        )
    message = fault["msg"]
    if field.endswith((".key", ".secret")):
        shown = "the value"
    return Problem(field, f"{shown} is refused", message[0].lower() + message[1:])


def _keys(location: list[str]) -> list[str]:
    """Return the keys that the section around the last part of `location` knows."""
    model: type[BaseModel] = Config
    for part in location[:-1]:
        found = model.model_fields.get(part)
        if found is None:
            continue
        for candidate in (found.annotation, *get_args(found.annotation)):
            if isinstance(candidate, type) and issubclass(candidate, BaseModel):
                model = candidate
    return [field.alias or name for name, field in model.model_fields.items()]


def _suggest(wrong: str, known: list[str]) -> str:
    close = difflib.get_close_matches(wrong.lower(), known, n=1)
    return f"did you mean {close[0]}?" if close else f"one of {', '.join(known)}"
