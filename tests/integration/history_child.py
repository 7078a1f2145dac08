"""Projects entries until it is killed: `python history_child.py DATA_DIR FIRST`.

Prints the watermark after each wait, so that the parent knows what was acknowledged.
"""

from __future__ import annotations

import sys
from pathlib import Path

from engine.core.clock import SystemClock
from engine.history.store import History
from tests.unit.engine.history.events import committed, ended

ENTRIES = 100_000
PER_ENTRY = 20


def main() -> None:
    history = History(Path(sys.argv[1]), node="child", clock=SystemClock())
    history.start()
    for index in range(history.watermark - 5, ENTRIES):  # from before the watermark: skipped
        events = [event for position in range(PER_ENTRY) for event in ended(index, position)]
        history.project(committed(index, "RecordExecutions", *events))
        if index % 7 == 0 and history.wait_for(index, 120):
            sys.stdout.write(f"{index}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
