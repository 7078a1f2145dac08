"""The journal: durable in groups, cut where torn, refused where damaged, compacted atomically."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.raft.pysync import disk
from engine.raft.pysync.journal import Journal, JournalDamaged
from engine.raft.pysync.library import DiskFault

_OPEN: list[Journal] = []


@pytest.fixture(autouse=True)
def _close_all() -> Iterator[None]:
    yield
    while _OPEN:
        _OPEN.pop()._file.close()


def _opened(path: Path) -> Journal:
    _OPEN.append(Journal(path))
    return _OPEN[-1]


def _filled(path: Path, count: int = 5) -> Journal:
    journal = _opened(path)
    for index in range(1, count + 1):
        journal.add(b"command %d" % index, index, 1)
        journal.sync()
    return journal


def _reopened(journal: Journal) -> Journal:
    journal._file.close()
    return _opened(journal.path)


def test_entries_come_back_in_order(tmp_path: Path) -> None:
    journal = _filled(tmp_path / "j")
    assert _reopened(journal)[:] == journal[:]


def test_what_was_not_flushed_is_gone_and_the_rest_is_there(tmp_path: Path) -> None:
    journal = _filled(tmp_path / "j")
    journal.add(b"late", 6, 1)
    assert [e[1] for e in _reopened(journal)[:]] == [1, 2, 3, 4, 5]


def test_many_entries_take_one_flush(tmp_path: Path) -> None:
    journal = _opened(tmp_path / "j")
    before = journal.fsyncs
    for index in range(1, 501):
        journal.add(b"x", index, 1)
    journal.sync()
    journal.sync()
    assert journal.fsyncs == before + 1


@pytest.mark.parametrize("kept", range(1, 60, 7))
def test_r12_a_torn_tail_is_cut_off(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "j"
    journal = _filled(path, 4)
    whole = path.stat().st_size
    journal.add(b"torn" * 10, 5, 1)
    journal.sync()
    with path.open("r+b") as file:
        file.truncate(whole + kept)
    again = _reopened(journal)
    assert [e[1] for e in again[:]] == [1, 2, 3, 4]
    again.add(b"next", 5, 2)
    again.sync()
    assert _reopened(again)[4] == (b"next", 5, 2)


def test_r12_a_flipped_byte_among_flushed_ones_refuses_to_start(tmp_path: Path) -> None:
    path = tmp_path / "j"
    journal = _filled(path)
    data = bytearray(path.read_bytes())
    data[data.index(b"command 2")] ^= 1
    path.write_bytes(data)
    with pytest.raises(JournalDamaged, match="damaged at byte"):
        _reopened(journal)


def test_r12_the_files_before_and_after_a_torn_page_never_crash_the_start(tmp_path: Path) -> None:
    path = tmp_path / "j"
    journal = _filled(path, 3)
    whole = path.read_bytes()
    journal._file.close()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        cut = _opened(path)
        assert [e[1] for e in cut[:]] == list(range(1, len(cut) + 1))
        cut._file.close()


def test_r11_a_crash_inside_compaction_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = _filled(tmp_path / "j")

    def power_cut(_source: Path, _target: Path) -> None:
        raise OSError("power cut")

    monkeypatch.setattr(disk, "replace", power_cut)
    with pytest.raises(DiskFault, match="power cut"):
        journal.deleteEntriesTo(3)
    monkeypatch.undo()
    assert [e[1] for e in _reopened(journal)[:]] == [1, 2, 3, 4, 5]


def test_r11_a_compacted_file_keeps_the_tail_the_term_and_the_vote(tmp_path: Path) -> None:
    journal = _filled(tmp_path / "j")
    journal.setCurrentTerm(7, "10.0.0.2:7000")
    journal.setRaftCommitIndex(4)
    journal.deleteEntriesTo(3)
    again = _reopened(journal)
    assert [e[1] for e in again[:]] == [4, 5]
    assert (again.getCurrentTerm(), again.getVotedForNodeId()) == (7, "10.0.0.2:7000")
    assert again.getRaftCommitIndex() == 4


def test_a_vote_is_flushed_before_the_call_returns(tmp_path: Path) -> None:
    journal = _filled(tmp_path / "j")
    before = journal.fsyncs
    journal.setCurrentTerm(3, "b:1")
    assert journal.fsyncs == before + 1
    again = _reopened(journal)
    assert (again.getCurrentTerm(), again.getVotedForNodeId()) == (3, "b:1")


def test_a_cut_tail_does_not_come_back(tmp_path: Path) -> None:
    journal = _filled(tmp_path / "j")
    journal.deleteEntriesFrom(3)
    journal.add(b"other", 4, 2)
    journal.sync()
    assert _reopened(journal)[:][-1] == (b"other", 4, 2)
    assert len(_reopened(journal)) == 4


def test_the_commit_index_never_points_behind_the_entries(tmp_path: Path) -> None:
    journal = _filled(tmp_path / "j")
    journal.setRaftCommitIndex(5)
    journal.onOneSecondTimer()
    journal.deleteEntriesFrom(2)
    journal.sync()
    assert _reopened(journal).getRaftCommitIndex() == 2


def test_nothing_is_written_behind_a_flush_that_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = _filled(tmp_path / "j")

    def refuse(_fd: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(disk, "flush", refuse)
    journal.add(b"late", 6, 1)
    with pytest.raises(DiskFault, match="Input/output error"):
        journal.sync()
    size = (tmp_path / "j").stat().st_size
    monkeypatch.undo()
    with pytest.raises(DiskFault, match="earlier"):  # the kernel would now call it flushed
        journal.sync()
    journal._destroy()
    assert (tmp_path / "j").stat().st_size == size


def test_what_a_start_finds_is_written_to_pages_of_its_own(tmp_path: Path) -> None:
    journal = _filled(tmp_path / "j")
    before = (tmp_path / "j").stat().st_ino
    assert _reopened(journal)[:] == journal[:]
    assert (tmp_path / "j").stat().st_ino != before


def test_damage_in_a_file_that_was_written_as_a_whole_is_no_torn_tail(tmp_path: Path) -> None:
    path = tmp_path / "j"
    journal = _filled(path)
    journal.deleteEntriesTo(2)
    data = bytearray(path.read_bytes())
    data[data.index(b"command 5")] ^= 1  # the last entry, with no batch behind it
    path.write_bytes(data)
    with pytest.raises(JournalDamaged, match="damaged at byte"):
        _reopened(journal)


def test_damage_in_the_last_batch_before_an_orderly_stop_is_no_torn_tail(tmp_path: Path) -> None:
    path = tmp_path / "j"
    journal = _filled(path)
    journal._destroy()
    data = bytearray(path.read_bytes())
    data[data.index(b"command 5")] ^= 1
    path.write_bytes(data)
    with pytest.raises(JournalDamaged, match="damaged at byte"):
        _opened(path)


def test_that_a_node_rejoins_is_remembered_over_restarts_and_compaction(tmp_path: Path) -> None:
    journal = _filled(tmp_path / "j")
    assert not journal.rejoining
    journal.set_rejoining(True)
    journal = _reopened(journal)
    journal.deleteEntriesTo(2)
    journal = _reopened(journal)
    assert journal.rejoining
    journal.set_rejoining(False)
    assert not _reopened(journal).rejoining
