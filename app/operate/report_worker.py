"""The process that writes one report: `python -m app.operate.report_worker EXPORT_DIR`.

Standard input is what is wanted, as JSON; the answer is a line of JSON and then the bytes. It runs
beside the node at the lowest priority and reads exported segments only, so that a report never
delays a fire. Its parent is `reporter.py`.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Final

import msgspec

from analytics.reports.asked import Asked
from analytics.reports.forms import Rendered, render
from analytics.reports.registry import report
from app.operate.tasks import Answered, Wanted
from engine.core.errors import InvalidDocument, Problem
from engine.history.reader import SegmentReader

NICE: Final = 10
BEHIND_S_MAX: Final = 30.0
"""The segments are a few seconds behind the node, and a follower is behind its leader."""
LOOK_S: Final = 0.2


def main() -> None:
    """Answer the one question of standard input."""
    os.nice(NICE)
    wanted = msgspec.json.decode(sys.stdin.buffer.read(), type=Wanted)
    data = b""
    try:
        data, media, suffix = written(SegmentReader(Path(sys.argv[1])), wanted)
        answered = Answered(media=media, suffix=suffix)
    except InvalidDocument as error:
        problems = [(one.field, one.reason, one.hint) for one in error.problems]
        answered = Answered(problems=problems)
    sys.stdout.buffer.write(msgspec.json.encode(answered) + b"\n" + data)


def written(reader: SegmentReader, wanted: Wanted) -> Rendered:
    """The report in its form, of the segments as they are once they hold what is wanted.

    Raises:
        InvalidDocument: there is no such zone or table, or the segments stay behind.
    """
    asked = wanted.asked
    upto = caught_up(reader, asked, wanted.shows_us)
    asked = msgspec.structs.replace(asked, upto=upto)
    return render(report(reader, wanted.kind, asked), wanted.form, wanted.table)


def caught_up(reader: SegmentReader, asked: Asked, shows_us: int) -> int:
    """The newest entry of the report, once the segments hold it and show the moment.

    Raises:
        InvalidDocument: they did not within `BEHIND_S_MAX`.
    """
    end = time.monotonic() + BEHIND_S_MAX
    while True:
        index, as_of_us = reader.reached()
        if index >= (asked.upto or 0) and as_of_us >= shows_us:
            return asked.upto or index
        if time.monotonic() > end:
            reason = f"the history of this node has reached entry {index} only"
            raise InvalidDocument([Problem("upto", reason, "ask again later, or another node")])
        time.sleep(LOOK_S)


if __name__ == "__main__":
    main()
