"""Reads real crontabs, as Debian's cron and cronie do, into job documents.

Every line is accounted for: imported, refused with a reason, or noted. Nothing is changed in
silence: what cron does and a job would not do by default (overlap, no retries, no catching up) is
written into the job. Pure: files are read and jobs created by `app/cli/commands/imports.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from engine.core.errors import InvalidDocument, Problem
from engine.model.document import parse_job
from engine.timing.parse import parse_schedule

PLACEHOLDERS: Final = ("command", "name", "user", "line")
_SETTING: Final = re.compile(
    r"""\s*(?P<quote>["']?)(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P=quote)\s*=\s*(?P<value>.*?)\s*\Z"""
)
_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")
_USER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*\$?(?::[A-Za-z0-9_.-]+)?\Z")
_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9._-]+")
_NAME_LENGTH_MAX: Final = 100
_BLANKS: Final = " \t"

IMPORTED: Final = "imported"
REFUSED: Final = "refused"
NOTED: Final = "noted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What becomes of one line.

    Attributes:
        number: from 1.
        text: the line as written.
        outcome: imported, refused or noted (a setting of the environment).
        reason: why it is refused, or what the setting means here.
        hint: what would be right.
        document: the job, when imported.
        notes: what a reader should know of an imported line.
    """

    number: int
    text: str
    outcome: str
    reason: str = ""
    hint: str = ""
    document: dict[str, Any] | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How lines become jobs.

    Attributes:
        url_template: with any of {command} {name} {user} {line}, each percent-encoded when filled.
        is_system: a sixth field names the user, as in /etc/crontab and /etc/cron.d.
        timezone: where the crontab's machine lives (IANA); `CRON_TZ` lines overrule it.
    """

    url_template: str
    is_system: bool = False
    namespace: str = "default"
    timezone: str = "UTC"
    method: str = "GET"
    timeout: str = "5m"
    window: str = "0s"
    enabled: bool = False
    source: str = "crontab"
    tags: dict[str, str] = field(default_factory=dict)


def check_template(template: str) -> list[Problem]:
    """The faults of a URL template; empty when there are none."""
    shown = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
    problems = [
        Problem("--url-template", f"{{{name}}} is not known", f"any of {shown}")
        for name in _PLACEHOLDER.findall(template)
        if name not in PLACEHOLDERS
    ]
    if not template.startswith(("http://", "https://")):
        hint = "such as 'http://host/run?cmd={command}'"
        problems.append(Problem("--url-template", f"{template!r} is not an HTTP URL", hint))
    elif not _PLACEHOLDER.search(template):
        reason = "has no placeholder, so every job would make the same call"
        problems.append(Problem("--url-template", reason, f"any of {shown}"))
    return problems


def read_crontab(data: bytes, options: Options) -> list[Row]:
    """One row for each line that is not blank and not a comment, in order.

    Raises:
        InvalidDocument: the template or the time zone is at fault; no line was looked at.
    """
    problems = check_template(options.url_template)
    try:
        parse_schedule("* * * * *", options.timezone)
    except InvalidDocument as error:
        problems += [Problem("--timezone", p.reason, p.hint) for p in error.problems]
    if problems:
        raise InvalidDocument(problems)
    return list(_rows(data, options))


def _rows(data: bytes, options: Options) -> Iterator[Row]:
    zone = options.timezone
    lines = data.split(b"\n")
    ends_open = bool(lines[-1].strip())
    for number, raw in enumerate(lines, 1):
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            shown = raw.decode(errors="replace")
            reason = "is not UTF-8, so its command cannot be carried in a URL faithfully"
            yield Row(
                number=number, text=shown, outcome=REFUSED, reason=reason, hint="re-encode it"
            )
            continue
        stripped = text.strip(_BLANKS)
        if not stripped.strip("\r") or stripped.startswith("#"):
            continue
        if setting := _SETTING.match(text):
            row, zone = _setting(number, text, setting["name"], _unquote(setting["value"]), zone)
            yield row
            continue
        row = _entry(number, text, zone, options)
        if ends_open and number == len(lines) and row.outcome == IMPORTED:
            note = "the file ends without a line break, for which Debian's cron refuses it whole"
            row = Row(
                number=number,
                text=text,
                outcome=IMPORTED,
                document=row.document,
                notes=(*row.notes, note),
            )
        yield row


def _setting(number: int, text: str, name: str, value: str, zone: str) -> tuple[Row, str]:
    """A line of the environment, and the zone that holds from here on."""
    if name == "CRON_TZ":
        try:
            parse_schedule("* * * * *", value)
        except InvalidDocument as error:
            fault = error.problems[0]
            reason = f"CRON_TZ: {fault.reason}; the lines below keep {zone}"
            row = Row(number=number, text=text, outcome=REFUSED, reason=reason, hint=fault.hint)
            return row, zone
        reason = f"the lines below fire on the clock of {value} (as in cronie; Debian ignores it)"
    elif name == "TZ":
        reason = "reaches the command only, as in cron; the schedule is not moved by it"
        return _noted(number, text, reason, "CRON_TZ or --timezone moves it"), zone
    elif name == "MAILTO":
        reason = "Chronos sends no mail; each run's output and failure stand in its history"
        return _noted(number, text, reason), zone
    elif name == "RANDOM_DELAY":
        reason = "is not carried over: jobs fire on time"
        return _noted(number, text, reason, "H in the schedule spreads load"), zone
    else:
        reason = "is not carried over: whatever serves the URL sets the command's environment"
        return _noted(number, text, reason), zone
    return _noted(number, text, reason), value


def _noted(number: int, text: str, reason: str, hint: str = "") -> Row:
    return Row(number=number, text=text, outcome=NOTED, reason=reason, hint=hint)


def _entry(number: int, text: str, zone: str, options: Options) -> Row:
    def refused(reason: str, hint: str = "") -> Row:
        return Row(number=number, text=text, outcome=REFUSED, reason=reason, hint=hint)

    line = text.strip(_BLANKS)
    if line.endswith("\r"):
        return refused("ends in a carriage return, which cron hands to the command", "dos2unix")
    if line.startswith("-"):
        return refused("begins with '-', which only some crons take as 'do not log'", "remove it")
    fields = 1 if line.startswith("@") else 5
    parts = re.split(f"[{_BLANKS}]+", line, maxsplit=fields + options.is_system)
    if parts[0].lower() == "@reboot":
        reason = "@reboot: a cluster starts node by node, and never as one"
        return refused(reason, "start it with the machine's init, or use a schedule")
    if len(parts) <= fields + options.is_system or not parts[-1]:
        what = (
            "a schedule, a user and a command" if options.is_system else "a schedule and a command"
        )
        return refused(f"is not {what}", "five fields or @daily, then the rest")
    schedule = " ".join(parts[:fields])
    user = parts[fields] if options.is_system else ""
    if user and not _USER.match(user):
        return refused(f"{user!r} is not a user", "without --system there is no user field")
    try:
        parse_schedule(schedule, zone)
    except InvalidDocument as error:
        fault = error.problems[0]
        return refused(f"{fault.field}: {fault.reason}", fault.hint)
    if not schedule.startswith("@") and re.search("[HhLlWw#]", _without_words(schedule)):
        return refused("schedule: cron itself does not know H, L, W or #", "create it as a job")
    command, rest = split_percent(parts[-1])
    if rest is not None:
        reason = "an unescaped % ends the command; cron feeds the rest to its standard input"
        return refused(reason, r"write \% for a percent sign, or let the target supply the input")
    notes = [r"\% is % to cron, and is carried as %"] if command != parts[-1] else []
    return _job(number, text, schedule, zone, user, command, notes, options)


def _without_words(schedule: str) -> str:
    """The schedule without the names of months and weekdays, whose letters mean something else."""
    return re.sub(r"[A-Za-z]{3}(?![A-Za-z#])", "", schedule)


def _job(
    number: int,
    text: str,
    schedule: str,
    zone: str,
    user: str,
    command: str,
    notes: list[str],
    options: Options,
) -> Row:
    name = job_name(command, number)
    filled = {"command": command, "name": name, "user": user, "line": str(number)}
    url = _PLACEHOLDER.sub(lambda found: quote(filled[found[1]], safe=""), options.url_template)
    origin = f"{options.source}:{number}: {text.strip()}"
    tags = {"source": "crontab", **options.tags}
    if user:
        tags["user"] = user
    document: dict[str, Any] = {
        "name": name,
        "namespace": options.namespace,
        "description": origin if len(origin.encode()) <= 2000 else f"{options.source}:{number}",
        "schedule": schedule,
        "timezone": zone,
        "webhook": {"url": url, "method": options.method},
        "timeout": options.timeout,
        "window": options.window,
        # What cron does: runs overlap, nothing is retried, nothing is caught up.
        "concurrency": "allow",
        "missed_run_policy": "ignore",
        "retry_policy": {"max_attempts": 1},
        "tags": tags,
        "enabled": options.enabled,
    }
    try:
        parse_job(document)
    except InvalidDocument as error:
        reason = "; ".join(f"{fault.field}: {fault.reason}" for fault in error.problems)
        hint = error.problems[0].hint
        return Row(number=number, text=text, outcome=REFUSED, reason=reason, hint=hint)
    return Row(number=number, text=text, outcome=IMPORTED, document=document, notes=tuple(notes))


def job_name(command: str, number: int) -> str:
    r"""A name from what a command runs, and its line, so that no two are the same.

    >>> job_name("[ -x /usr/sbin/backup ] && /usr/sbin/backup --all", 7), job_name("cd /srv", 8)
    ('backup-7', 'cd-8')
    """
    words = re.findall(r"[^\s;&|(){}<>\"'\[\]]+", command)
    paths = [word for word in words if "/" in word.strip("/") and not word.startswith("/dev/")]
    chosen = (paths or words or ["line"])[0]
    base = chosen.rstrip("/").rpartition("/")[2]
    name = _NOT_IN_NAMES.sub("-", base).strip("-._")[:_NAME_LENGTH_MAX]
    return f"{name or 'line'}-{number}"


def split_percent(command: str) -> tuple[str, str | None]:
    r"""The command as the shell gets it, and the standard input that an unescaped % begins.

    >>> split_percent(r"date +\%F"), split_percent("mail bob%Hello%Bob")
    (('date +%F', None), ('mail bob', 'Hello\nBob'))
    """
    pieces = re.split(r"(?<!\\)%", command)
    texts = [piece.replace(r"\%", "%") for piece in pieces]
    return texts[0], "\n".join(texts[1:]) if len(texts) > 1 else None


def _unquote(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value
