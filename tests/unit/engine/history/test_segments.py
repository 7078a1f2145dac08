from __future__ import annotations

from pathlib import Path

from engine.history.segments import live_paths, read_day, segment_path


def touch(root: Path, day: str, first: int, last: int) -> Path:
    path = segment_path(root, "executions", day, first, last)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def test_a_segment_within_a_wider_one_does_not_count(tmp_path: Path) -> None:
    merged = touch(tmp_path, "2026-11-25", 1, 30)
    first = touch(tmp_path, "2026-11-25", 1, 10)
    second = touch(tmp_path, "2026-11-25", 11, 30)
    later = touch(tmp_path, "2026-11-25", 31, 32)
    live, superseded = read_day(merged.parent)
    assert [segment.path for segment in live] == [merged, later]
    assert [segment.path for segment in superseded] == [first, second]


def test_segments_come_in_log_order_over_days(tmp_path: Path) -> None:
    paths = [
        touch(tmp_path, "2026-11-24", 1, 9),
        touch(tmp_path, "2026-11-25", 9, 10),
        touch(tmp_path, "2026-11-25", 11, 100),
    ]
    (paths[0].parent / "seg-broken.parquet").touch()
    (paths[0].parent / "seg-000000000001-000000000009.tmp").touch()
    assert live_paths(tmp_path, "executions") == paths
    assert live_paths(tmp_path, "audit") == []
