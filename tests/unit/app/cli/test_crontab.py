from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from app.cli.crontab import (
    IMPORTED,
    NOTED,
    REFUSED,
    Options,
    Row,
    read_crontab,
    split_percent,
)
from engine.core.errors import InvalidDocument
from engine.model.document import parse_job

DATA = Path(__file__).parents[3] / "data"
TEMPLATE = "http://127.0.0.1:9/run?cmd={command}&user={user}&line={line}&name={name}"


def read(text: str | bytes, **options: Any) -> list[Row]:
    data = text.encode() if isinstance(text, str) else text
    return read_crontab(data, Options(**{"url_template": TEMPLATE, **options}))


def outcomes(rows: list[Row]) -> dict[str, int]:
    counts = {IMPORTED: 0, REFUSED: 0, NOTED: 0}
    for row in rows:
        counts[row.outcome] += 1
    return counts


def command_of(row: Row) -> str:
    assert row.document is not None
    return parse_qs(urlsplit(row.document["webhook"]["url"]).query)["cmd"][0]


def test_every_line_of_debians_packages_is_accounted_for() -> None:
    data = (DATA / "crontab-debian").read_bytes()
    rows = read(data, is_system=True)
    written = [
        number
        for number, line in enumerate(data.decode().splitlines(), 1)
        if line.strip() and not line.startswith("#")
    ]
    assert [row.number for row in rows] == written
    assert outcomes(rows) == {IMPORTED: 17, REFUSED: 1, NOTED: 4}
    (refused,) = [row for row in rows if row.outcome == REFUSED]
    assert "@reboot" in refused.reason
    for row in rows:
        if row.document is not None:
            parse_job(row.document)


def test_a_command_reaches_the_url_byte_for_byte() -> None:
    data = (DATA / "crontab-debian").read_bytes()
    lines = data.decode().splitlines()
    for row in read(data, is_system=True):
        if row.document is None:
            continue
        written = lines[row.number - 1]
        command = command_of(row)
        assert written.replace(r"\%", "%").endswith(command)
        assert row.document["tags"]["user"] in written


def test_a_users_crontab_is_read_line_by_line() -> None:
    rows = read((DATA / "crontab-user").read_bytes())
    assert outcomes(rows) == {IMPORTED: 8, REFUSED: 10, NOTED: 4}
    refused = {row.text.split("  ")[0]: row for row in rows if row.outcome == REFUSED}
    for row in refused.values():
        assert row.reason
    reasons = " ".join(row.reason for row in refused.values())
    for word in ("standard input", "@reboot", "61", "never fires", "@fortnightly", "25"):
        assert word in reasons, word


def test_an_escaped_percent_is_a_percent_and_is_said() -> None:
    (row,) = read("30 8 * * 1 date '+\\%F'\n")
    assert command_of(row) == "date '+%F'"
    assert row.notes


def test_an_unescaped_percent_is_refused_not_cut() -> None:
    (row,) = read("0 8 * * 1 mail bob%Hello\n")
    assert row.outcome == REFUSED
    assert "standard input" in row.reason
    assert split_percent("a%b%c") == ("a", "b\nc")


def test_zones_follow_cron_tz_and_not_tz() -> None:
    rows = read((DATA / "crontab-systemd-less").read_bytes(), timezone="Europe/Paris")
    zones = [row.document["timezone"] for row in rows if row.document is not None]
    assert zones == ["America/New_York"] * 2 + ["Asia/Tokyo"] * 4
    (row,) = [row for row in read("TZ=Asia/Tokyo\n0 9 * * * x\n") if row.document is not None]
    assert row.document is not None
    assert row.document["timezone"] == "UTC"


def test_what_only_some_crons_read_is_refused_with_its_reason() -> None:
    rows = read((DATA / "crontab-systemd-less").read_bytes())
    refused = {row.number: row.reason for row in rows if row.outcome == REFUSED}
    assert sorted(refused) == [7, 10, 12, 13, 14]
    assert "Mars/Olympus" in refused[7]
    assert "carriage return" in refused[14]


def test_a_missing_last_line_break_is_noted() -> None:
    (row,) = read("0 1 * * * x")
    assert row.outcome == IMPORTED
    assert "line break" in row.notes[0]


def test_a_job_behaves_as_cron_did() -> None:
    (row,) = read("0 1 * * * /bin/x\n")
    assert row.document is not None
    assert row.document["concurrency"] == "allow"
    assert row.document["missed_run_policy"] == "ignore"
    assert row.document["retry_policy"] == {"max_attempts": 1}
    assert row.document["enabled"] is False
    assert row.document["name"] == "x-1"


@pytest.mark.parametrize(
    ("template", "word"),
    [
        ("http://h/{comand}", "{comand}"),
        ("h/{command}", "not an HTTP URL"),
        ("http://h/run", "no placeholder"),
    ],
)
def test_a_template_is_checked_before_any_line(template: str, word: str) -> None:
    with pytest.raises(InvalidDocument, match=word.replace("{", r"\{")):
        read("0 1 * * * x\n", url_template=template)


@pytest.mark.parametrize(
    "data", [b"", b"\n\n# only comments\n", b"\xff\xfe0 1 * * * x\n", b"\x00" * 100, b"=" * 50]
)
def test_no_bytes_make_the_reader_fail(data: bytes) -> None:
    for row in read(data):
        assert row.outcome != IMPORTED
