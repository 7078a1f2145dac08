"""The bodies that routes read by themselves, which the OpenAPI generator must be told of."""

from __future__ import annotations

from pydantic import BaseModel

from app.api.schemas.advice import BalanceRequest, BalanceUndo
from app.api.schemas.backfills import BackfillRequest
from app.api.schemas.calendars import CalendarRequest
from app.api.schemas.changes import ReplayRequest
from app.api.schemas.cluster import Transfer
from app.api.schemas.forecasts import Training
from app.api.schemas.history import HistoryImport
from app.api.schemas.jobs import Batch, JobDocument
from app.api.schemas.pauses import PauseRequest
from app.api.schemas.replay import ReplayQuestion
from app.api.schemas.sql import QueryRequest, QueryRun, SqlQuestion
from app.api.schemas.templates import TemplateDocument, TemplateRequest, UpgradeRequest

BODIES: tuple[type[BaseModel], ...] = (
    JobDocument,
    Batch,
    SqlQuestion,
    QueryRequest,
    QueryRun,
    HistoryImport,
    Transfer,
    ReplayQuestion,
    ReplayRequest,
    TemplateDocument,
    TemplateRequest,
    UpgradeRequest,
    Training,
    BalanceRequest,
    BalanceUndo,
    PauseRequest,
    BackfillRequest,
    CalendarRequest,
)
"""Bodies named by `takes`."""
