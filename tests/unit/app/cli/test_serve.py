from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.cli.serve import arguments, openapi_text, shown
from app.config import load_config

ROOT = Path(__file__).parents[4]


def chronos(*given: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "app.cli.serve", *given]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_flags_alone_mean_serve() -> None:
    assert arguments(["--data-dir", "d"]) == ["serve", "--data-dir", "d"]
    assert arguments(["serve", "--raft", "a:1"]) == ["serve", "--raft", "a:1"]
    assert arguments(["--help"]) == ["--help"]


def test_the_checked_in_api_document_is_current() -> None:
    kept = (ROOT / "docs" / "reference" / "openapi.json").read_text(encoding="utf-8")
    assert kept == openapi_text(), "run: chronos openapi --output docs/reference/openapi.json"


def test_every_operation_says_what_it_does_and_every_reference_leads_somewhere() -> None:
    document = json.loads(openapi_text())
    assert document["openapi"].startswith("3.1")
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert operation["description"], (method, path)
    names = set(document["components"]["schemas"])

    def references(value: Any) -> set[str]:
        if isinstance(value, dict):
            own = {value["$ref"].rpartition("/")[2]} if "$ref" in value else set()
            return own.union(*map(references, value.values()))
        return set().union(*map(references, value)) if isinstance(value, list) else set()

    assert references(document) <= names


def test_a_checked_configuration_is_printed_without_its_secrets(tmp_path: Path) -> None:
    path = tmp_path / "chronos.yaml"
    path.write_text("cluster: {raft: {secret: 0123456789abcdef0123}}\n", encoding="utf-8")
    done = chronos("check-config", "--config", str(path), "--http", "127.0.0.1:9")
    assert done.returncode == 0, done.stderr
    printed = yaml.safe_load(done.stdout)
    assert printed["cluster"]["raft"]["secret"] == "***"
    assert printed["server"]["http"]["address"] == "127.0.0.1:9"
    assert "0123456789abcdef" not in done.stdout


def test_what_is_printed_can_be_read_again(tmp_path: Path) -> None:
    path = tmp_path / "chronos.yaml"
    config = load_config()
    path.write_text(yaml.safe_dump(shown(config.model_dump(mode="json"))), encoding="utf-8")
    assert load_config(path).model_dump() == config.model_dump()


@pytest.mark.parametrize(
    ("given", "word"),
    [
        (("--http", "0.0.0.0:8080"), "auth.type"),
        (("--http", "nowhere"), "server.http.address"),
        (("serve", "--node-id", "a b"), "cluster.node_id"),
        (("--config", "/nothing.yaml"), "/nothing.yaml"),
        (("--peer", "x"), "cluster.raft.peers"),
        (("--colour", "red"), "--colour"),
        (("dance",), "dance"),
    ],
)
def test_wrong_settings_end_with_2_and_a_name(given: tuple[str, ...], word: str) -> None:
    done = chronos(*given)
    assert done.returncode == 2
    assert word in done.stderr
    assert "Traceback" not in done.stderr
