"""A node with a planted fault: `python -m tests.cluster.faulty_node FAULT [serve's arguments]`.

`loses` drops the first attempt that it is handed, `hangs` stands still while sending the first.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence

from app.cli import serve
from app.observe import pulse
from engine.dispatch import watchdog
from engine.dispatch.dispatcher import Request
from engine.dispatch.protocols.http import HttpDispatcher
from engine.dispatch.worker import Worker

LOOK_S = 0.5


def lose_the_first() -> None:
    submit = Worker.submit

    def forgetful(self: Worker, requests: Sequence[Request]) -> None:
        Worker.submit = submit  # type: ignore[method-assign]
        submit(self, requests[1:])

    Worker.submit = forgetful  # type: ignore[method-assign]


def hang_at_the_first() -> None:
    def stuck(self: HttpDispatcher, request: Request) -> None:
        threading.Event().wait()

    HttpDispatcher.begin = stuck  # type: ignore[method-assign]


FAULTS = {"loses": lose_the_first, "hangs": hang_at_the_first}

if __name__ == "__main__":
    FAULTS[sys.argv.pop(1)]()
    watchdog.LOOK_S = pulse.LOOK_S = LOOK_S
    serve.main()
