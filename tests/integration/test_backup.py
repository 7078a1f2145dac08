"""A stopped node's data goes into one file and comes back from it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.datadir import DataDirBusy, DataDirTaken, back_up, held, restore
from engine.core.errors import CorruptData
from tests.kit.cluster import ROOT, Node, cluster, free_ports, job, target, wait_for


def chronos(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "app.cli.serve", *arguments]
    return subprocess.run(
        command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=60
    )


def test_a_node_restored_elsewhere_has_every_job_and_run_and_goes_on(tmp_path: Path) -> None:
    archive = tmp_path / "node.tar.gz"
    with target() as sink:
        with cluster(tmp_path / "old", 1) as nodes:
            node = nodes.leader()
            node.request("POST", "/api/v1/jobs", json=job("a", sink.url, enabled=False))
            done = node.request("POST", "/api/v1/jobs/default%2Fa/trigger?wait=10s")
            assert done["status"] == "success"
            busy = chronos("backup", str(archive), "--data-dir", str(node.data_dir))
            assert busy.returncode == 1
            assert "in use by another process" in busy.stderr
            node.stop()
            made = chronos("backup", str(archive), "--data-dir", str(node.data_dir))
            assert made.returncode == 0, made.stderr
        put = chronos("restore", str(archive), "--data-dir", str(tmp_path / "new"))
        assert put.returncode == 0, put.stderr
        again = chronos("restore", str(archive), "--data-dir", str(tmp_path / "new"))
        assert again.returncode == 1
        assert "--replace" in again.stderr
        ports = free_ports(2)
        moved = Node("n1", tmp_path / "new", f"127.0.0.1:{ports[0]}", node.raft)
        moved.start()
        try:
            wait_for(moved.healthy)
            runs = moved.request("GET", "/api/v1/jobs/default%2Fa/executions")["executions"]
            assert [run["id"] for run in runs] == [done["id"]]
            more = moved.request("POST", "/api/v1/jobs/default%2Fa/trigger?wait=10s")
            assert more["status"] == "success"
        finally:
            moved.stop()


def test_a_second_node_on_the_same_directory_is_refused(tmp_path: Path) -> None:
    with cluster(tmp_path, 1) as nodes:
        node = nodes.leader()
        ports = free_ports(2)
        second = chronos(
            *("--data-dir", str(node.data_dir)),
            *("--http", f"127.0.0.1:{ports[0]}", "--raft", f"127.0.0.1:{ports[1]}"),
        )
        assert second.returncode == 1
        assert "in use by another process" in second.stderr
        assert "Traceback" not in second.stderr


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    (folder / "raft").mkdir(parents=True)
    (folder / "raft" / "raft.journal").write_bytes(b"entries" * 1000)
    (folder / "history.duckdb").write_bytes(b"rows" * 1000)
    return folder


def test_a_damaged_backup_changes_nothing(data: Path, tmp_path: Path) -> None:
    archive = tmp_path / "b.tar.gz"
    assert back_up(data, archive, "0") == 2
    whole = archive.read_bytes()
    middle = len(whole) // 2
    flipped = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
    for bad in (whole[:middle], b"", b"not an archive", flipped):
        archive.write_bytes(bad)
        with pytest.raises(CorruptData):
            restore(archive, data, replace=True)
        assert (data / "history.duckdb").read_bytes() == b"rows" * 1000
        assert not data.with_name("data.restoring").exists()


def test_what_is_there_is_replaced_only_when_that_is_said(data: Path, tmp_path: Path) -> None:
    archive = tmp_path / "b.tar.gz"
    back_up(data, archive, "0")
    (data / "history.duckdb").write_bytes(b"newer")
    (data / "export").mkdir()
    with pytest.raises(DataDirTaken):
        restore(archive, data, replace=False)
    restore(archive, data, replace=True)
    assert (data / "history.duckdb").read_bytes() == b"rows" * 1000
    assert not (data / "export").exists()


def test_a_directory_in_use_is_neither_read_nor_written(data: Path, tmp_path: Path) -> None:
    archive = tmp_path / "b.tar.gz"
    back_up(data, archive, "0")
    with held(data):
        with pytest.raises(DataDirBusy):
            back_up(data, tmp_path / "c.tar.gz", "0")
        with pytest.raises(DataDirBusy):
            restore(archive, data, replace=True)


def test_a_folder_that_is_no_node_is_not_backed_up(data: Path, tmp_path: Path) -> None:
    shutil.rmtree(data / "raft")
    with pytest.raises(DataDirTaken, match="not the data directory"):
        back_up(data, tmp_path / "b.tar.gz", "0")
    assert not list(tmp_path.glob("b.tar.gz*"))
