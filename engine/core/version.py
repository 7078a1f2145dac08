"""The version of this program; a test holds it equal to the one in `pyproject.toml`."""

VERSION = "0.1.0"

LEVEL = 2
"""Up to where this build understands the log; `engine/state/features.py` says what needs which.

0: all that was there before levels were counted.
1: dialects, clock-change policies, bounds, drawn windows, catch-up windows, calendars, pauses,
   backfills, and superseded fire times in edits.
2: attempts that a living dispatcher lost; snapshots in lines (`engine/state/snapshot.py`); enabling
   and backfills by a generation.
"""
