"""What is sent, and the contract of whoever sends it.

A protocol is one module in `protocols/`: it prepares a transfer for a request and reads what came
of it. The worker owns threads, limits, deadlines and cancellation.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.model.execution import Execution
from engine.model.job import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One attempt to make: the execution as it runs now, and its job."""

    execution: Execution
    job: Job
