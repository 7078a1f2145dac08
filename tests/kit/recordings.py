"""Executions with recorded steps, in their public shape."""

from __future__ import annotations

from typing import Any

AT = "2026-11-25T14:30:00Z"
LATER = "2026-11-25T14:30:01Z"
SECRET = "hunter2"


def step(kind: str, offset_ms: float, **detail: Any) -> dict[str, Any]:
    return {"kind": kind, "at": AT, "offset_ms": offset_ms, "detail": detail}


def attempt(number: int, *steps: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "attempt": number,
        "node_id": "chronos-1",
        "started_at": AT if number == 1 else LATER,
        "completed_at": LATER,
        "outcome": "success",
        "status_code": 200,
        "error": "",
        "response": "",
        "steps": list(steps),
        **fields,
    }


def failed(number: int, *more: dict[str, Any], trigger: str = "schedule") -> dict[str, Any]:
    """An attempt that was answered 503."""
    return attempt(
        number,
        step("schedule", -5.0, trigger=trigger, attempt=number),
        step("prepare", 0.0, job_version=3, node="chronos-1"),
        step(
            "request",
            0.5,
            url=f"http://127.0.0.1:9/run?token={SECRET}",
            method="POST",
            headers={"Cookie": SECRET, "Accept": "*/*"},
            body=f'{{"day": 1, "password": "{SECRET}"}}',
        ),
        step("response", 30.0, status=503, headers={"Date": "Wed", "Content-Type": "text/plain"}),
        step("error", 31.0, error="HTTP 503"),
        *more,
        outcome="failed",
        status_code=503,
        error="HTTP 503",
        response=f'{{"token": "{SECRET}", "cut": "of',
    )


def succeeded(number: int, *, trigger: str = "schedule", **detail: Any) -> dict[str, Any]:
    """An attempt that was answered 200."""
    return attempt(
        number,
        step("schedule", -2.0, trigger=trigger, attempt=number),
        step("prepare", 0.0, job_version=3, node="chronos-1"),
        step("request", 0.4, url="http://127.0.0.1:9/run", method="POST", dns_us=7, **detail),
        step("response", 12.0, status=200, headers={"Date": "Thu", "Content-Type": "text/plain"}),
        step("complete", 13.0),
        response='{"rows": 4}',
    )


def execution(*attempts: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "id": "exe_a",
        "job_id": "job_a",
        "job_name": "nightly-backup",
        "namespace": "default",
        "status": attempts[-1]["outcome"] if attempts else "skipped",
        "reason": "",
        "trigger": "schedule",
        "scheduled_time": AT,
        "started_at": AT,
        "completed_at": LATER,
        "duration": 1_000_000_000,
        "node_id": "chronos-1",
        "replay_of": "",
        "attempts_detail": list(attempts),
        **fields,
    }


def retried(**fields: Any) -> dict[str, Any]:
    """An execution that failed, waited and succeeded: eleven steps in two attempts."""
    retry = step("retry", 31.0, next_attempt=2, wait_ms=969.0)
    return execution(failed(1, retry), succeeded(2), **fields)
