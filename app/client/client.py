"""A typed client of the REST API, for chronosctl, the console and people's own scripts.

Every method returns the `data` of the envelope as plain values.
"""

from __future__ import annotations

from app.client.advice import AdviceCalls
from app.client.calendars import CalendarCalls
from app.client.executions import ExecutionCalls
from app.client.findings import FindingCalls
from app.client.forecasts import ForecastCalls
from app.client.jobs import JobCalls
from app.client.replay import ReplayCalls
from app.client.reports import ReportCalls
from app.client.search import SearchCalls
from app.client.sql import SqlCalls
from app.client.templates import TemplateCalls
from app.client.views import ViewCalls


class Client(
    JobCalls,
    CalendarCalls,
    ExecutionCalls,
    ReplayCalls,
    TemplateCalls,
    ViewCalls,
    SqlCalls,
    FindingCalls,
    ReportCalls,
    ForecastCalls,
    AdviceCalls,
    SearchCalls,
):
    """All calls; how they are carried stands in `Transport`."""
