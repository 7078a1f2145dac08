"""Pages drawn without a browser, against a client that answers values and writes down calls."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.client.errors import ApiError, Unreachable

AT = "2026-11-25T14:30:00Z"
LATER = "2026-11-25T14:30:01Z"
JOB = {
    "id": "job_a",
    "name": "nightly-backup",
    "namespace": "default",
    "description": "",
    "schedule": "30 2 * * *",
    "timezone": "Europe/Berlin",
    "dialect": "debian",
    "dst": "debian",
    "starts_at": None,
    "ends_at": None,
    "calendar": "",
    "on_closed": "skip",
    "webhook": {
        "url": "http://127.0.0.1:9/run",
        "method": "POST",
        "headers": {"X-Team": "data"},
        "body": "",
        "auth": {"type": "bearer", "token": "***"},
        "success_codes": ["200-299"],
    },
    "retry_policy": {
        "max_attempts": 3,
        "initial_interval": "1s",
        "max_interval": "1m",
        "multiplier": 2.0,
    },
    "timeout": "5m",
    "concurrency": "forbid",
    "guarantee": "at_least_once",
    "missed_run_policy": "execute_one",
    "tags": {"team": "data"},
    "window": "0s",
    "window_start": "drawn",
    "catch_up_window": None,
    "enabled": True,
    "version": 2,
    "created_at": AT,
    "updated_at": AT,
    "updated_by": "anonymous",
    "next_run": AT,
    "last_run": AT,
    "last_status": "success",
}
PAUSE = {
    "id": "pau_a",
    "scope": "tag:team=data",
    "job_name": "",
    "from": AT,
    "until": None,
    "note": "upgrade",
    "by": "ann",
    "state": "active",
}
CALENDAR_OF_DAYS = {
    "name": "munich",
    "description": "",
    "weekend": ["SAT", "SUN"],
    "country": "DE",
    "subdivision": "BY",
    "dates": ["2026-12-24"],
    "open_dates": [],
    "ics": "",
    "closed": [{"from": "2026-12-25", "to": "2026-12-26", "label": "Christmas"}],
    "spans": [{"from": AT, "until": AT, "label": "Freeze"}],
    "through": 2036,
    "version": 1,
    "updated_at": AT,
    "updated_by": "ann",
    "jobs": ["default/nightly-backup"],
}
MISSED = {
    "execution_id": "exe_m",
    "job_id": "job_a",
    "job_name": "nightly-backup",
    "namespace": "default",
    "reason": "missed: 3 fire times while no leader could decide (missed_run_policy ignore)",
    "fires": 3,
    "first": AT,
    "last": AT,
    "recorded_at": AT,
}
BACKFILL = {
    "id": "bfl_a",
    "job_id": "job_a",
    "job_name": "default/nightly-backup",
    "from": AT,
    "until": AT,
    "stretches": 1,
    "total": 40,
    "begun": 10,
    "succeeded": 9,
    "failed": 0,
    "next": AT,
    "parallel": 1,
    "state": "running",
    "reason": "",
    "note": "after the outage",
    "by": "ann",
    "started_at": AT,
    "ended_at": None,
}
EXECUTION = {
    "id": "exe_a",
    "job_id": "job_a",
    "job_name": "nightly-backup",
    "namespace": "default",
    "scheduled_time": AT,
    "started_at": AT,
    "completed_at": LATER,
    "status": "failed",
    "reason": "its attempt failed",
    "attempts": 1,
    "status_code": 503,
    "response": "",
    "error": "HTTP 503",
    "duration": 1_000_000_000,
    "node_id": "chronos-1",
    "trigger": "schedule",
    "request": {"url": "http://127.0.0.1:9/run", "method": "POST", "headers": {}, "body": ""},
    "replay_of": "",
    "replay_count": 0,
    "change": None,
    "differences": [],
    "replays": [],
    "timezone": "Europe/Berlin",
    "attempts_detail": [
        {
            "attempt": 1,
            "node_id": "chronos-1",
            "started_at": AT,
            "completed_at": LATER,
            "outcome": "failed",
            "status_code": 503,
            "error": "![x](http://127.0.0.1:9/beacon)",
            "response": "<b>down</b>",
            "steps": [
                {"kind": "request", "at": AT, "offset_ms": 0.2, "detail": {"method": "POST"}}
            ],
        }
    ],
}
STATUS = {
    "is_leader": True,
    "jobs_total": 1,
    "running": 0,
    "node_id": "chronos-1",
    "leader": "chronos-1",
    "term": 3,
    "version": "0.1.0",
    "applied_index": 40,
    "log_entries": 40,
    "nodes": [
        {
            "node_id": "chronos-1",
            "address": "127.0.0.1:7000",
            "http_address": None,
            "role": "leader",
            "connected": True,
            "match_index": 40,
            "applied_index": 40,
            "lag": 0,
            "clock_offset_us": 0,
            "clock_agrees": True,
        }
    ],
    "history": {"watermark": 40, "lag_entries": 0, "rows": 12, "fault": ""},
}
FINDING = {
    "id": "fin_a",
    "job_id": "job_a",
    "job_name": "nightly-backup",
    "namespace": "default",
    "imported": False,
    "timezone": "Europe/Berlin",
    "detector": "duration_outlier",
    "title": "Duration outlier",
    "explanation": "Far from the median.",
    "signal": "duration",
    "state": "open",
    "first_at": AT,
    "last_at": LATER,
    "runs": 2,
    "score": 2.0,
    "value": 4000.0,
    "low": 500.0,
    "high": 2000.0,
    "unit": "ms",
    "execution_id": "exe_a",
    "evidence": "4.0 s, usual is 500 ms to 2.0 s",
    "by": "",
    "note": "",
}
ANOMALIES = {
    "job_id": "job_a",
    "job_name": "nightly-backup",
    "namespace": "default",
    "imported": False,
    "timezone": "Europe/Berlin",
    "detector": "duration_outlier",
    "unit": "ms",
    "least": 20,
    "enough": True,
    "detectors": [
        {
            "name": name,
            "title": name,
            "explanation": "One sentence.",
            "signal": "duration",
            "watching": True,
        }
        for name in ("duration_outlier", "level_shift")
    ],
    "back_tests": [{"detector": "duration_outlier", "found": 0.9, "false_alarms": 0.01}],
    "runs": [
        {
            "execution_id": "exe_a",
            "scheduled_time": AT,
            "value": 4000.0,
            "expected": 1000.0,
            "low": 500.0,
            "high": 2000.0,
            "score": 2.0,
            "flagged": True,
            "failed": False,
        }
    ],
    "deploys": [{"version": 2, "scheduled_time": AT}],
    "verdict": {
        "unusual": 1,
        "latest": 1,
        "words": "1 of 1 runs left the band, the latest among them",
    },
    "findings": [FINDING],
}
OVERVIEW = {
    "window": "1h",
    "counts": {"success": 3, "failed": 1, "skipped": 0, "cancelled": 0, "unknown": 0},
    "runs_per_minute": 0.1,
    "success_rate": 0.75,
    "running": 0,
    "pending": 0,
    "lateness_ms": {"p50": 1.0, "p95": 2.0, "p99": 3.0},
    "series": [{"time": AT, "success": 3, "failed": 1, "other": 0, "lateness_p95_ms": 2.0}],
    "attention": [
        {
            "job_id": "job_a",
            "job_name": "nightly-backup",
            "namespace": "default",
            "status": "failing",
            "reason": "HTTP 503",
            "count": 1,
            "last_at": AT,
        }
    ],
    "up_next": [
        {"job_id": "job_a", "job_name": "nightly-backup", "namespace": "default", "next_run": AT}
    ],
    "timeline": [
        {
            "execution_id": "exe_a",
            "job_id": "job_a",
            "job_name": "nightly-backup",
            "namespace": "default",
            "status": "failed",
            "started_at": AT,
            "completed_at": LATER,
        }
    ],
    "jobs_total": 1,
    "jobs_enabled": 1,
}
SLOT = {
    "hour": 5,
    "score": 0.9,
    "success_rate": 1.0,
    "success_low": 0.95,
    "runs": 60,
    "failures": 0,
    "duration_ms": 20_000.0,
    "lateness_ms": 12.0,
    "load": 0.2,
}
RECOMMENDATIONS = {
    "job_id": "job_a",
    "version": 3,
    "runs": 720,
    "enough": True,
    "schedule": "0 * * * *",
    "timezone": "Europe/Berlin",
    "optimal_time_slots": [SLOT, SLOT | {"hour": 14, "score": 0.4, "failures": 18}],
    "suggested_schedule": "0 0-13,15-23 * * *",
    "why": "14:00 fails more often",
    "insights": ["At 05:00 it takes 20 s."],
    "confidence": 1.0,
    "retry": {"suggested": None, "why": "too few retries to tell", "cures": []},
    "backtest": {
        "learned": 504,
        "judged": 216,
        "holds": True,
        "time_saved": 0.11,
        "failures_saved": 0.01,
        "agreement": 1.0,
    },
    "next_today": [{"utc": "2026-11-25T13:00:00Z", "local": "2026-11-25T14:00:00+01:00"}],
    "next_suggested": [{"utc": "2026-11-25T14:00:00Z", "local": "2026-11-25T15:00:00+01:00"}],
}
OUTLOOK = {
    "schedule": "0 * * * *",
    "fires": 720,
    "failing": 0.018,
    "turnaround_ms": 65_000.0,
    "by_hour": [30] * 24,
}
WHAT_IF = {
    "job_id": "job_a",
    "since": "2026-10-26T00:00:00Z",
    "until": "2026-11-25T00:00:00Z",
    "why": "",
    "today": OUTLOOK,
    "suggested": OUTLOOK | {"schedule": "0 0-13,15-23 * * *", "fires": 690},
    "gone": ["2026-11-24T13:00:00Z"],
    "added": [],
}
PEAK = {"starts": 15, "load": 15, "at": "2026-11-26T02:00:00Z", "per_minute": [0] * 1440}
BALANCE = {
    "since": "2026-11-25T00:00:00Z",
    "jobs": 30,
    "windows": 12,
    "steady_per_minute": 1.0,
    "why": "",
    "day": "2026-11-26T00:00:00Z",
    "before": PEAK,
    "after": PEAK | {"starts": 4, "load": 4},
    "moves": [
        {
            "job_id": "job_a",
            "job_name": "nightly-backup",
            "namespace": "default",
            "version": 3,
            "minutes": 17,
            "schedule": "0 2 * * *",
            "new_schedule": "17 2 * * *",
            "window": "45m",
            "new_window": "28m",
        }
    ],
    "batches": [
        {
            "batch": "bal_1",
            "at": "2026-11-25T12:00:00Z",
            "by": "alice",
            "moved": 12,
            "undoable": 12,
        }
    ],
}
SUMMARY = {
    "count": 40,
    "mean": 21.5,
    "deviation": 3.0,
    "max": 60.0,
    "p50": 20.0,
    "p90": 25.0,
    "p95": 30.0,
    "p99": 55.0,
}
STATISTICS = {
    "job_id": "job_1",
    "timezone": "Europe/Berlin",
    "runs": 40,
    "failed": 2,
    "failure_rate": 0.05,
    "duration_ms": SUMMARY,
    "lateness_ms": SUMMARY,
    "week": [
        {
            "weekday": 0,
            "hour": 2,
            "runs": 40,
            "failed": 2,
            "failure_rate": 0.05,
            "duration_mean_ms": 21.5,
            "duration_deviation_ms": 3.0,
            "duration_max_ms": 60.0,
            "lateness_mean_ms": 4.0,
            "lateness_max_ms": 9.0,
        }
    ],
    "failure_rates": [
        {"scheduled_time": f"2026-11-2{day}T01:00:00Z", "failure_rate": day / 20} for day in (3, 4)
    ],
    "drift": None,
    "drift_words": "Too few successful runs to tell a trend.",
}
STATS = {
    "runs": 1,
    "success": 0,
    "failed": 1,
    "success_rate": 0.0,
    "duration_ms": {"p50": 1.0, "p95": 1.0, "p99": 1.0},
    "lateness_ms": {"p50": 1.0, "p95": 1.0, "p99": 1.0},
    "series": [
        {"scheduled_time": AT, "duration_ms": 1000.0, "status": "failed", "execution_id": "exe_a"}
    ],
}
TIMELINE = {
    "since": "2026-11-25T14:00:00Z",
    "until": "2026-11-25T15:00:00Z",
    "now": "2026-11-25T14:50:00Z",
    "by": "job",
    "lanes_total": 1,
    "open_more": 0,
    "lanes": [
        {
            "key": "job_a",
            "label": "default/nightly-backup",
            "runs": 1,
            "failed": 1,
            "cell_s": 0.0,
            "planned_more": False,
            "marks": [
                {
                    "kind": "run",
                    "runs": 1,
                    "from": AT,
                    "to": LATER,
                    "status": "failed",
                    "execution_id": "exe_a",
                    "job_id": "job_a",
                    "job_name": "nightly-backup",
                    "fire": AT,
                    "lateness_ms": 0.0,
                    "counts": {"failed": 1},
                }
            ],
        }
    ],
}
NUMBERS = {
    "runs": 3,
    "failed": 1,
    "skipped": 0,
    "duration_p95_ms": 1000.0,
    "lateness_p95_ms": 2.0,
}
CALENDAR = {
    "year": 2026,
    "zone": "UTC",
    **NUMBERS,
    "days": [{"date": "2026-11-25", **NUMBERS}],
    "hours": [{"weekday": 2, "hour": 14, **NUMBERS}],
}
EVENT = {
    "id": "7-0",
    "at": AT,
    "kind": "ended",
    "namespace": "default",
    "job_id": "job_a",
    "job_name": "nightly-backup",
    "execution_id": "exe_a",
    "status": "failed",
    "attempt": 1,
    "node_id": "chronos-1",
    "actor": "",
    "text": "after 1.0 s: HTTP 503",
}
FIRES = [{"utc": AT, "local": "2026-11-25T15:30:00+01:00"}]


def version(number: int, description: str) -> dict[str, Any]:
    return {
        "job_id": "job_a",
        "version": number,
        "config": {**JOB, "description": description, "version": number},
        "created_at": AT,
        "created_by": "alice",
        "comment": "",
    }


TEMPLATE = {
    "category": "notification",
    "name": "slack-message",
    "version": "1.1.0",
    "title": "Slack message",
    "description": "Posts *a* message.",
    "icon": "chat",
    "tags": ["slack", "chat"],
    "changes": "a heading",
    "documentation": "https://docs.slack.dev/",
    "namespace": None,
    "built_in": True,
    "variables": {
        "webhook_url": {"type": "secret", "title": "Webhook URL", "required": True},
        "message": {"type": "string", "title": "Message", "required": True, "max": 3000},
        "tries": {"type": "integer", "title": "Tries", "default": 3, "min": 1, "max": 9},
        "loud": {"type": "boolean", "title": "Loud", "default": False},
        "colour": {"type": "enum", "title": "Colour", "choices": ["red", "blue"]},
        "schedule": {"type": "cron", "title": "Schedule", "default": "0 9 * * 1-5"},
    },
    "job": {"schedule": "{{schedule}}"},
    "versions": [
        {"version": "1.1.0", "changes": "a heading", "published_at": None, "published_by": ""},
        {"version": "1.0.0", "changes": "", "published_at": AT, "published_by": "![x](y)"},
    ],
}
INSTANCE = {
    "job_id": "job_a",
    "job_name": "nightly-backup",
    "namespace": "default",
    "enabled": True,
    "template": "notification/slack-message",
    "title": "Slack message",
    "version": "1.0.0",
    "latest_version": "1.1.0",
    "state": "upgradable",
    "values": {"message": "hi"},
}
UPGRADE = {
    "job": JOB,
    "template": "notification/slack-message",
    "from_version": "1.0.0",
    "to_version": "1.1.0",
    "news": [{"version": "1.1.0", "changes": "a heading"}],
    "changes": [
        {
            "field": "webhook.body",
            "base": "{}",
            "mine": "{}",
            "theirs": '{"text": "hi"}',
            "result": '{"text": "hi"}',
            "kind": "updated",
        },
        {
            "field": "timeout",
            "base": "1m",
            "mine": "3m",
            "theirs": "2m",
            "result": "3m",
            "kind": "conflict",
        },
    ],
    "conflicts": ["timeout"],
    "needs": [],
}
CARD = {
    "id": "mdl_a",
    "kind": "fails",
    "job_id": "job_a",
    "job_name": "nightly-backup",
    "namespace": "default",
    "version": 1,
    "trained_at": AT,
    "data_since": AT,
    "data_until": LATER,
    "rows": 300,
    "algorithm": "logistic_1",
    "verdict": "shown",
    "why": "it beats the base rate",
    "metrics": {"brier": 0.1, "coverage": 0.9, "tested": 192.0},
}
POINT = {"at": LATER, "mean": 4.0, "low": 2.0, "high": 6.0}
LOAD = {
    "kind": "load_busy",
    "unit": "busy seconds an hour",
    "card": CARD,
    "history": [{"at": AT, "value": 3.0}],
    "points": [POINT],
}
RISK = {
    "outcome": "fails",
    "job_id": "job_a",
    "job_name": "nightly-backup",
    "namespace": "default",
    "enabled": True,
    "timezone": "Europe/Berlin",
    "next_run": AT,
    "probability": 0.3,
    "base_rate": 0.02,
    "reasons": [{"text": "the run before failed", "weight": 1.2}],
    "why": "it beats the base rate",
    "card": CARD,
}
MODEL = CARD | {
    "versions": [CARD],
    "numbers": {
        "reliability_predicted": [0.1],
        "reliability_observed": [0.2],
        "reliability_runs": [9.0],
    },
}
BATCH = {
    "since": AT,
    "until": LATER,
    "by": None,
    "p50": AT,
    "p90": LATER,
    "by_share": None,
    "jobs": 1,
    "fires": 1,
    "switched_off": 0,
    "deciders": [
        {"job_id": "job_a", "job_name": "nightly-backup", "namespace": "default", "share": 1.0}
    ],
    "unknown": [],
    "why": "drawn from earlier runs",
}
QUERY = {
    "name": "lateness-by-minute",
    "title": "Lateness by minute",
    "description": "How late.",
    "sql": "SELECT max(lateness_ms) FROM executions WHERE d > current_date - $days",
    "parameters": [{"name": "days", "type": "integer", "default": 7, "description": "Days"}],
    "chart": {"kind": "bar", "x": "job", "y": "runs"},
    "built_in": True,
    "version": 1,
}
REPORT = {
    "kind": "weekly",
    "title": "Weekly operations",
    "summary": "1,200 runs of 3 jobs.",
    "since": AT,
    "until": LATER,
    "zone": "UTC",
    "upto": 7,
    "filters": {},
    "figures": [{"title": "Success", "value": 0.99, "unit": "share", "note": "0.98 before"}],
    "sections": [
        {
            "title": "Day by day",
            "prose": ["None skipped."],
            "charts": [
                {
                    "title": "Runs by day",
                    "shape": "bars",
                    "unit": "count",
                    "labels": ["2026-11-24", "2026-11-25"],
                    "series": {"succeeded": [3, 4], "failed": [1, 0]},
                    "tones": ["calm", "bad"],
                }
            ],
            "tables": [
                {
                    "name": "days",
                    "title": "Days",
                    "columns": [
                        {"name": "day", "title": "Day", "unit": "text"},
                        {"name": "p95", "title": "P95", "unit": "ms"},
                        {"name": "success", "title": "Success", "unit": "share"},
                    ],
                    "rows": [["2026-11-24", 4.5, 0.75], ["2026-11-25", None, 1.0]],
                }
            ],
        }
    ],
}
WRITTEN = {
    "execution_id": "exe_a",
    "job_id": "job_a",
    "job": "default/weekly-report",
    "scheduled_time": AT,
    "completed_at": LATER,
    "kind": "weekly",
    "title": "Weekly operations",
    "summary": "1,200 runs of 3 jobs.",
    "since": AT,
    "until": LATER,
}
ANSWERS: dict[str, Any] = {
    "load_forecast": {
        "horizon": "48h",
        "jobs": 1,
        "young": 0,
        "measures": [LOAD, LOAD | {"kind": "load_runs"}],
    },
    "job_forecast": {
        "job_id": "job_a",
        "job_name": "nightly-backup",
        "namespace": "default",
        "enabled": True,
        "timezone": "Europe/Berlin",
        "horizon": "48h",
        "load": LOAD,
        "duration_card": CARD,
        "runs": [POINT],
    },
    "job_risk": {"job_id": "job_a", "risks": [RISK]},
    "risks": {"risks": [RISK], "total": 1, "silent": 0},
    "batch_forecast": BATCH,
    "models": {"models": [CARD], "total": 1, "training": []},
    "model": MODEL,
    "templates": {"templates": [TEMPLATE], "total": 1, "categories": {"notification": 1}},
    "template": TEMPLATE,
    "template_yaml": "name: slack-message",
    "preview_template": {"job": JOB, "words": "At 09:00", "next": FIRES, "name_taken": False},
    "template_instances": {"instances": [INSTANCE], "total": 1, "upgradable": 1},
    "upgrade_job": UPGRADE,
    "cluster_status": STATUS,
    "overview": OVERVIEW,
    "finding": FINDING,
    "findings": {"findings": [FINDING], "total": 1},
    "anomalies": ANOMALIES,
    "jobs": {"jobs": [JOB], "total": 1, "next_cursor": None},
    "job": JOB,
    "job_stats": STATS,
    "job_statistics": STATISTICS,
    "recommendations": RECOMMENDATIONS,
    "preview_recommendations": WHAT_IF,
    "balance": BALANCE,
    "job_executions": {"executions": [EXECUTION], "total": 1, "next_cursor": None},
    "job_next": {"words": "At 02:30", "next": FIRES, "clock_change": None},
    "job_why": {
        "job_id": "job_a",
        "at": AT,
        "verdict": "skipped",
        "words": "Did not run: paused by ann (all): upgrade",
        "execution_id": "exe_a",
        "facts": [{"at": AT, "words": "version 1 created by ann"}],
        "before": AT,
        "after": None,
    },
    "pauses": {"pauses": [PAUSE], "total": 1},
    "pause_jobs": PAUSE,
    "business_calendars": {"calendars": [CALENDAR_OF_DAYS], "total": 1},
    "business_calendar": CALENDAR_OF_DAYS,
    "create_business_calendar": CALENDAR_OF_DAYS,
    "countries": {"countries": [{"code": "DE", "name": "Germany", "subdivisions": ["BY"]}]},
    "missed": {"missed": [MISSED], "fires": 3, "more": False},
    "backfills": {"backfills": [BACKFILL], "total": 1},
    "start_backfill": BACKFILL | {"first": [AT], "usual_ms": 120.0, "lasts": "5s"},
    "cancel_backfill": BACKFILL,
    "resume_jobs": PAUSE,
    "job_versions": {"versions": [version(2, "new"), version(1, "old")], "total": 2},
    "preview_schedule": {"words": "At 02:30", "next": FIRES, "clock_change": None},
    "executions": {"executions": [EXECUTION], "total": 1, "next_cursor": None},
    "execution": EXECUTION,
    "timeline": TIMELINE,
    "calendar": CALENDAR,
    "recent_events": {"events": [EVENT], "newest": "7-0", "missed": False},
    "saved_queries": {"queries": [QUERY]},
    "reports": {
        "reports": [{"kind": "weekly", "title": "Weekly operations", "explanation": "All."}]
    },
    "report": REPORT,
    "written_reports": {"reports": [WRITTEN]},
    "written_report": json.dumps({"data": REPORT}).encode(),
    "sql_schema": {
        "tables": [
            {
                "name": "executions",
                "description": "One row an execution.",
                "columns": [{"name": "status", "type": "VARCHAR", "description": ""}],
            }
        ]
    },
    "sql": {
        "columns": [{"name": "job", "type": "VARCHAR"}, {"name": "runs", "type": "BIGINT"}],
        "rows": [["nightly-backup", 3]],
        "row_count": 1,
        "truncated": False,
        "elapsed_ms": 4.0,
        "as_of": AT,
    },
    "trigger_job": EXECUTION,
    "replay_execution": {
        "replay_execution_id": "exe_b",
        "request": EXECUTION["request"],
        "differences": [],
    },
    "search": {"results": [], "total": 0},
}


class RecordingClient:
    """Answers each method by its name, or with what a function given for it returns.

    `refuse` makes a method raise instead.
    """

    def __init__(self, **answers: Any):
        self.url = "http://127.0.0.1:8080"
        self.calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
        self.answers = {**ANSWERS, **answers}
        self.refusals: dict[str, Exception] = {}

    def refuse(self, method: str, error: Exception) -> None:
        self.refusals[method] = error

    def called(self, method: str) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
        return [(args, kwargs) for name, args, kwargs in self.calls if name == method]

    def __getattr__(self, method: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            self.calls.append((method, args, kwargs))
            if error := self.refusals.get(method):
                raise error
            answer = self.answers.get(method, JOB)
            return answer(*args, **kwargs) if callable(answer) else answer

        return call


class Pages:
    """Draws one page with a client and says where it went."""

    def __init__(self, client: RecordingClient):
        self.client = client
        self.went: list[tuple[str, dict[str, str]]] = []

    def open(self, name: str, **params: str) -> AppTest:
        at = self._app(name)
        for key, value in params.items():
            at.query_params[key] = value
        return at.run(timeout=30)

    def open_part(self, name: str, part: str, *args: Any) -> AppTest:
        """What a dialog of the page shows: AppTest would close it before it is answered."""
        return self._app(name, part, args).run(timeout=30)

    def _app(self, name: str, part: str = "render", args: tuple[Any, ...] = ()) -> AppTest:
        given = {"name": name, "part": part, "args": args, "client": self.client, "went": self.went}
        return AppTest.from_function(_script, kwargs=given)

    def leave(self, at: AppTest) -> AppTest:
        """Another page is shown in the same session."""
        at.session_state["elsewhere"] = True
        return at.run(timeout=30)

    def come_back(self, at: AppTest) -> AppTest:
        """The page is shown again, in the same session."""
        del at.session_state["elsewhere"]
        return at.run(timeout=30)


def _script(name, part, args, client, went):  # type: ignore[no-untyped-def]  # a script: AppTest runs its text alone
    import importlib

    import streamlit as st

    from app.console.session import Console

    class Walker(Console):
        def go(self, page, **params):  # type: ignore[no-untyped-def]  # as above
            went.append((page, params))
            st.session_state["elsewhere"] = True
            st.rerun()

        def link(self, label, page, **params):  # type: ignore[no-untyped-def]  # as above
            if st.button(label):
                self.go(page, **params)

    if "elsewhere" in st.session_state:
        return
    console = Walker(client, {})
    if "zone" in st.query_params:
        console.choose_zone()
    console.show_flash()
    getattr(importlib.import_module(f"pages.{name}"), part)(console, *args)


@pytest.fixture
def client() -> RecordingClient:
    return RecordingClient()


@pytest.fixture
def pages(client: RecordingClient) -> Pages:
    return Pages(client)


@pytest.fixture
def refusal() -> ApiError:
    details = [
        {"field": "name", "reason": "'a b' is not a name", "hint": "letters and digits"},
        {"field": "dispatch.type", "reason": "is not known", "hint": ""},
    ]
    return ApiError("VALIDATION_ERROR", "two faults", details, 400)


@pytest.fixture
def silence() -> Unreachable:
    return Unreachable("http://127.0.0.1:8080", "connection refused")
