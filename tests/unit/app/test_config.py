from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from app.config import client_environment, is_loopback, load_config
from engine.core.errors import InvalidDocument, Problem

CONTRACT = """
cluster:
  node_id: chronos-1
  data_dir: data/var/chronos-1
  raft: {address: 10.0.0.1:7000, peers: [chronos-2:7000, chronos-3:7000],
         secret: "sixteen characters or more", heartbeat_timeout: 500ms, election_timeout: 1s,
         snapshot_interval: 30s, snapshot_threshold: 1000}
server:
  http: {address: 0.0.0.0:8080, read_timeout: 30s, write_timeout: 30s}
scheduler: {tick_interval: 1s, execution_timeout: 5m, missed_run_policy: execute_one,
            default_retry_policy: {max_attempts: 3, initial_interval: 1s, max_interval: 1m,
                                   multiplier: 2.0}}
dispatcher:
  http: {timeout: 30s, max_idle_conns: 100, idle_conn_timeout: 90s}
  concurrency: {max_concurrent_jobs: 1000, per_job_limit: 1}
metrics: {prometheus: {enabled: true, path: /metrics}}
logging: {level: info, format: json, output: stdout}
auth: {type: api_key, keys: [{name: ops, key: "another sixteen characters"}]}
"""


def load(tmp_path: Path, text: str, **flags: Any) -> Any:
    path = tmp_path / "chronos.yaml"
    path.write_text(text, encoding="utf-8")
    return load_config(path, flags)


def problems_of(tmp_path: Path, text: str) -> dict[str, Problem]:
    with pytest.raises(InvalidDocument) as caught:
        load(tmp_path, text)
    return {problem.field: problem for problem in caught.value.problems}


def test_the_documented_file_is_read_whole(tmp_path: Path) -> None:
    config = load(tmp_path, CONTRACT)
    assert config.cluster.raft.peers == ("chronos-2:7000", "chronos-3:7000")
    assert config.cluster.raft.heartbeat_timeout_us == 500_000
    assert config.scheduler.execution_timeout_us == 300_000_000
    assert config.auth.keys[0].name == "ops"


def test_without_anything_a_node_stays_on_loopback() -> None:
    config = load_config()
    assert is_loopback(config.server.http.address)
    assert is_loopback(config.cluster.raft.address)
    assert config.auth.type == "none"


def test_flags_beat_the_environment_and_it_beats_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHRONOS_CLUSTER__NODE_ID", "from-environment")
    monkeypatch.setenv("CHRONOS_CLUSTER__RAFT__PEERS", "127.0.0.1:1, 127.0.0.1:2")
    monkeypatch.setenv("CHRONOS_SCHEDULER__TICK_INTERVAL", "250ms")
    text = "cluster: {node_id: from-file}\nscheduler: {tick_interval: 2s}\nlogging: {level: debug}"
    config = load(tmp_path, text)
    assert config.cluster.node_id == "from-environment"
    assert config.cluster.raft.peers == ("127.0.0.1:1", "127.0.0.1:2")
    assert config.scheduler.tick_interval_us == 250_000
    assert config.logging.level == "debug"
    assert load(tmp_path, text, cluster={"node_id": "flag"}).cluster.node_id == "flag"


def test_sections_are_frozen() -> None:
    config = load_config()
    with pytest.raises(ValidationError):
        config.cluster.node_id = "other"


@pytest.mark.parametrize(
    ("text", "field", "hint"),
    [
        ("clutser: {}", "clutser", "cluster"),
        ("cluster: {node_idd: a}", "cluster.node_idd", "node_id"),
        ("cluster: {raft: {adress: a:1}}", "cluster.raft.adress", "address"),
        ("server: {http: {read_timeout_us: 5}}", "server.http.read_timeout_us", "read_timeout"),
        ("scheduler: {missed_run_policy: x}", "scheduler.missed_run_policy", "execute_one"),
        ("scheduler: {tick_interval: 5}", "scheduler.tick_interval", "30s"),
        ("scheduler: {tick_interval: soon}", "scheduler.tick_interval", "250ms"),
        ("server: 3", "server", "http"),
        ("server: {http: {address: here}}", "server.http.address", "host:port"),
        ("logging: {level: loud}", "logging.level", "debug"),
        ("metrics: {prometheus: {path: metrics}}", "metrics.prometheus.path", ""),
        ("auth: {type: api_key}", "auth.keys", "keys"),
        ("auth: {type: api_key, keys: [{name: a, key: b}]}", "auth.keys.0.key", "16"),
        (
            "cluster: {raft: {heartbeat_timeout: 2s}}",
            "cluster.raft.election_timeout",
            "heartbeat_timeout",
        ),
    ],
)
def test_a_wrong_setting_is_named_with_what_would_be_right(
    tmp_path: Path, text: str, field: str, hint: str
) -> None:
    problem = problems_of(tmp_path, text)[field]
    assert problem.reason
    assert hint in problem.hint


@pytest.mark.parametrize("text", ["- a", "a: b: c", "\t", "{", "cluster: [", "text", "\x00"])
def test_what_is_no_yaml_mapping_is_said(tmp_path: Path, text: str) -> None:
    (problem,) = problems_of(tmp_path, text).values()
    assert problem.field.endswith("chronos.yaml")
    assert problem.hint


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    found = problems_of(tmp_path, "cluster: {node: 1}\nserver: 3\nauth: {type: x}")
    assert set(found) == {"cluster.node", "server", "auth.type"}


@pytest.mark.parametrize("section", ["server: {http", "cluster: {raft"])
def test_no_authentication_beyond_loopback_is_refused(tmp_path: Path, section: str) -> None:
    problem = problems_of(tmp_path, f"{section}: {{address: 0.0.0.0:8080}}}}")["auth.type"]
    assert "loopback" in problem.reason


def test_raft_beyond_loopback_needs_a_secret(tmp_path: Path) -> None:
    document = yaml.safe_load(CONTRACT)
    document["cluster"]["raft"]["secret"] = "short"
    assert set(problems_of(tmp_path, yaml.safe_dump(document))) == {"cluster.raft.secret"}


def test_a_mistyped_section_in_the_environment_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CHRONOS_CLUSTR__NODE_ID", "x")
    with pytest.raises(InvalidDocument, match="cluster"):
        load_config()


def test_secrets_do_not_show_in_messages(tmp_path: Path) -> None:
    text = "auth: {type: api_key, keys: [{name: a, key: tiny-key}]}"
    assert "tiny-key" not in str(problems_of(tmp_path, text))
    assert "another sixteen" not in repr(load(tmp_path, CONTRACT))


def test_a_client_finds_its_node_and_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHRONOS_URL", raising=False)
    monkeypatch.delenv("CHRONOS_API_KEY", raising=False)
    assert client_environment() == ("http://127.0.0.1:8080", None)
    monkeypatch.setenv("CHRONOS_URL", "http://h:1")
    monkeypatch.setenv("CHRONOS_API_KEY", "k")
    assert client_environment() == ("http://h:1", "k")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1:1", True),
        ("127.9.9.9:1", True),
        ("[::1]:1", True),
        ("localhost:1", True),
        ("0.0.0.0:1", False),
        ("10.0.0.1:1", False),
        ("example.org:1", False),
        ("[::]:1", False),
    ],
)
def test_loopback_is_known_by_address(address: str, expected: bool) -> None:
    assert is_loopback(address) is expected
