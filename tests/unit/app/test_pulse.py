"""A thread that stands still ends the node; one that was only slow does not."""

from __future__ import annotations

import asyncio
import subprocess
import sys

from app.observe.pulse import EXIT_CODE, LOOKS_MAX, LoopBeat, Pulse


def test_only_a_row_of_looks_without_a_beat_is_a_hang() -> None:
    hangs: list[str] = []
    beats = {"slow": 0, "dead": 0}
    pulse = Pulse(
        {name: lambda n=name: beats[n] for name in beats},  # type: ignore[misc]  # a default binds
        on_hang=lambda: hangs.append("hang"),
    )
    for look in range(LOOKS_MAX):
        beats["slow"] += look % 3 == 0
        pulse.look()
        assert not hangs
    beats["slow"] += 1
    pulse.look()
    assert hangs == ["hang"]


async def test_a_loop_beats_only_while_it_moves() -> None:
    beat = LoopBeat(asyncio.get_running_loop())
    first = beat()
    assert beat() == first, "nothing ran between the looks"
    await asyncio.sleep(0)
    assert beat() > first


def test_the_process_ends_and_says_where_each_thread_stands() -> None:
    program = (
        "import threading, time; from app.observe.pulse import end_process\n"
        "def stuck_here(): time.sleep(60)\n"
        "threading.Thread(target=stuck_here, daemon=True).start(); time.sleep(0.2); end_process()"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, timeout=60
    )
    assert ended.returncode == EXIT_CODE
    assert b"stuck_here" in ended.stderr
