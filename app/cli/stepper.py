"""A stepper in a terminal: reads commands line by line, and shows where each one leads."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from analytics.replay.breakpoints import Breakpoint, parse_breakpoint
from analytics.replay.session import Session
from analytics.replay.state import Step
from app.cli.output import cell, columns_of
from engine.core.errors import InvalidDocument

PROMPT: Final = "(n b c p g r w q) "
DETAIL_WIDTH: Final = 100
LISTED: Final = 40
SPEED_MAX: Final = 1000
HELP: Final = (
    ("n, next, empty line", "one step on"),
    ("b, back", "one step back"),
    ("c, continue", "on to the next breakpoint, or the end"),
    ("p [N], play [N]", "the same step by step, N a second (2); Ctrl+C pauses"),
    ("g N, goto N", "right after step N; 0 is before the first"),
    ("r, restart", "before the first step"),
    ("l, list", "the steps around, the current one marked; l all lists every step"),
    ("s, state", "what is known here, request and response in full"),
    ("break WHERE", "add a breakpoint: 5, kind response, error, or a condition"),
    ("w EXPR, watch EXPR", "add a watch, such as detail.status"),
    ("q, quit", "leave"),
)


class Stepper:
    """Walks a session on a person's word.

    Args:
        session: where it begins.
        write: takes each line to show.
        wait: lets so many seconds pass between two steps while it plays.
    """

    def __init__(
        self,
        session: Session,
        write: Callable[[str], None],
        wait: Callable[[float], None] = time.sleep,
    ):
        self.session = session
        self._write = write
        self._wait = wait

    def run(self, lines: Iterable[str], *, prompt: bool) -> None:
        """Carry out one command a line until `q` or the end of the lines."""
        self._head()
        self._show()
        if prompt:
            self._say(PROMPT)
        for line in lines:
            if not self.do(line.strip()):
                return
            if prompt:
                self._say(PROMPT)

    def show_all(self) -> None:
        """Every step, and where it ends: for when nobody can be asked."""
        self._head()
        self._list(self.session.recording.steps)
        self.session = self.session.go_to(len(self.session.recording))
        self._show()

    def do(self, line: str) -> bool:
        """Carry out a command; False when it was to leave."""
        word, _, rest = line.partition(" ")
        match word.lower():
            case "q" | "quit" | "exit":
                return False
            case "" | "n" | "next":
                self._move(self.session.forward())
            case "b" | "back":
                self._move(self.session.back())
            case "c" | "continue":
                self._move(self.session.proceed())
            case "r" | "restart":
                self._move(self.session.restart())
            case "p" | "play":
                self._play(rest.strip() or "2")
            case "g" | "goto":
                self._goto(rest.strip())
            case "l" | "list":
                recording, cursor = self.session.recording, self.session.cursor
                self._list(recording.steps if rest else recording.near(cursor, LISTED))
            case "s" | "state":
                self._say(json.dumps(self.session.view.document(), indent=2, ensure_ascii=False))
            case "break":
                self._add_breakpoint(rest)
            case "w" | "watch":
                self._add_watch(rest.strip())
            case "h" | "?" | "help":
                self._help()
            case _:
                self._say(f"{word[:40]!r} is no command; help lists them")
        return True

    def _move(self, session: Session) -> None:
        if session.cursor == self.session.cursor:
            where = "the end" if session.cursor else "before the first step"
            self._say(f"this is {where}")
            return
        self.session = session
        self._show()

    def _play(self, speed: str) -> None:
        """Show each step in its turn until a breakpoint, the end, or Ctrl+C."""
        if not (speed.isdecimal() and 1 <= int(speed[:5]) <= SPEED_MAX):
            self._say(f"{speed[:40]!r} is no speed; steps a second, from 1 to {SPEED_MAX}")
            return
        session = self.session.play()
        if not session.playing:
            self._say("this is the end")
        try:
            while session.playing:
                session = session.forward()
                self._move(session)
                if session.playing:
                    self._wait(1 / int(speed))
        except KeyboardInterrupt:
            self.session = self.session.pause()
            self._say("paused")

    def _goto(self, text: str) -> None:
        total = len(self.session.recording)
        if text.isdecimal() and len(text) < 10 and int(text) <= total:
            self.session = self.session.go_to(int(text))
            self._show()
        else:
            self._say(f"{text[:40]!r} is no step; a number from 0 to {total}")

    def _add_breakpoint(self, text: str) -> None:
        try:
            found: Breakpoint = parse_breakpoint(text)
        except InvalidDocument as error:
            self._say(str(error))
            return
        self.session = replace(self.session, breakpoints=(*self.session.breakpoints, found))
        self._say(f"stops at: {found.text}")

    def _add_watch(self, text: str) -> None:
        if text:
            self.session = replace(self.session, watches=(*self.session.watches, text))
        self._watches()

    def _help(self) -> None:
        for line in columns_of(HELP):
            self._say(line)

    def _say(self, text: str) -> None:
        """Show text that others wrote, without what would steer the terminal."""
        self._write("".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in text))

    # ---- what is shown --------------------------------------------------------------------------

    def _head(self) -> None:
        facts = self.session.recording.execution
        name = facts.get("job_name") or facts.get("job_id") or "an execution"
        total = len(self.session.recording)
        self._say(f"{name} {facts.get('id')}: {facts.get('status')}, {total} steps")

    def _show(self) -> None:
        session = self.session
        step, state = session.step, session.state
        place = f"step {session.cursor}/{len(session.recording)}"
        if step is None:
            self._say(f"{place}  {session.status.value}")
        else:
            offset = f"{step.offset_ms:+.1f}ms"
            self._say(
                f"{place}  attempt {step.attempt}  {step.kind}  {offset}  {session.status.value}"
            )
            self._say(f"  {_line(dict(step.detail))}")
            known = {"outcome": session.view.outcome, "status": state.status, "error": state.error}
            known |= {"failures": state.failures or None, "retries": state.retries or None}
            told = "  ".join(f"{name}={cell(value)}" for name, value in known.items() if value)
            self._say(f"  {told}")
            if changes := session.changes:
                told = ", ".join(
                    f"{one.name} {cell(one.before)} → {cell(one.after)}" for one in changes
                )
                self._say(f"  changed: {told}")
        for hit in session.hits:
            fault = f": {hit.fault}" if hit.fault is not None else ""
            self._say(f"  stops at: {hit.breakpoint.text}{fault}")
        self._watches()

    def _watches(self) -> None:
        for one in self.session.watched():
            fault = one.fault
            value = _line(one.document()["value"]) if fault is None else str(fault)
            self._say(f"  {one.expression} = {value}" if fault is None else f"  {value}")

    def _list(self, steps: Sequence[Step]) -> None:
        head = ["", "STEP", "ATTEMPT", "KIND", "AFTER", "DETAIL"]
        lines = [
            [
                ">" if step.number == self.session.cursor else "",
                str(step.number),
                str(step.attempt),
                step.kind,
                f"{step.offset_ms:+.1f}ms",
                cell(step.detail),
            ]
            for step in steps
        ]
        for line in columns_of([head, *lines]):
            self._say(line)
        total = len(self.session.recording)
        if len(steps) < total:
            self._say(f"{len(steps)} of {total} steps; l all lists every step")


def _line(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= DETAIL_WIDTH else text[: DETAIL_WIDTH - 1] + "…"
