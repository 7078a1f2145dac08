"""The REST application: routes, middleware, errors, the OpenAPI document. Starts nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema
from starlette.convertors import Convertor, register_url_convertor
from starlette.responses import Response

from app.api.middleware.authenticate import Authenticate
from app.api.middleware.patience import Patience
from app.api.middleware.trace import Trace
from app.api.present import count_open
from app.api.problems import install_handlers
from app.api.schemas.bodies import BODIES
from app.observe.metrics import CONTENT_TYPE, Metrics

if TYPE_CHECKING:
    from app.services import Services

VERSION: Final = "1.0.0"
DESCRIPTION: Final = """A distributed cron. Every answer under `/api/v1` is an envelope:
`{"success": true, "data": ..., "error": null}`, or with `success: false` an `error` whose `details`
name each field at fault and a hint. Times are RFC 3339 in UTC; `duration` is in nanoseconds, fields
ending in `_ms` are in milliseconds."""


class JobRef(Convertor[str]):
    """A job's id, or `namespace/name`, in a path."""

    regex = "[^/]+(?:/[^/]+)?"

    def convert(self, value: str) -> str:
        """The text itself."""
        return value

    def to_string(self, value: str) -> str:
        """The text itself."""
        return value


register_url_convertor("jobref", JobRef())

# Routes name the convertor, so they are read after it is registered.
from app.api.routes import (  # noqa: E402
    backfills,
    balance,
    calendar,
    calendars,
    cluster,
    demo,
    echo,
    events,
    executions,
    findings,
    forecasts,
    health,
    history,
    jobs,
    models,
    overview,
    pauses,
    peers,
    queries,
    recommendations,
    replay,
    reports,
    run_again,
    schedules,
    search,
    sql,
    statistics,
    templates,
    timeline,
    versions,
)

# What stands under a job comes before the job itself, whose path takes `namespace/name`.
ROUTERS: Final = (
    health.router,
    executions.router,
    replay.router,
    run_again.router,
    search.router,
    versions.router,
    findings.router,
    pauses.router,
    backfills.router,
    calendars.router,
    statistics.router,
    forecasts.of_jobs,
    recommendations.router,
    templates.of_jobs,
    jobs.router,
    forecasts.router,
    models.router,
    schedules.router,
    overview.router,
    timeline.router,
    calendar.router,
    balance.router,
    events.router,
    cluster.router,
    sql.router,
    queries.router,
    templates.router,
    history.router,
    reports.router,
    demo.router,
    echo.router,
    peers.router,
)


def create_app(services: Services) -> FastAPI:
    """The application over these services."""
    app = describe_app()
    app.state.services = services
    metrics = Metrics(lambda: _gauges(services))
    prometheus = services.config.metrics.prometheus
    open_paths = {prometheus.path} if prometheus.public else set()
    if prometheus.enabled:

        @app.get(prometheus.path, include_in_schema=False)
        def scrape() -> Response:
            return Response(metrics.render(), headers={"Content-Type": CONTENT_TYPE})

    http = services.config.server.http
    app.add_middleware(Authenticate, settings=services.config.auth, also_open=open_paths)
    app.add_middleware(Patience, read_us=http.read_timeout_us, write_us=http.write_timeout_us)
    app.add_middleware(Trace, metrics=metrics, clock=services.clock)
    return app


def describe_app() -> FastAPI:
    """The application without services: enough for its OpenAPI document."""
    app = FastAPI(
        title="Chronos",
        version=VERSION,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        redirect_slashes=False,
        # Not `include_router`: FastAPI would make each route anew, a tenth of a second at its first
        # use, and these need nothing added.
        routes=[route for router in ROUTERS for route in router.routes],
    )
    install_handlers(app)
    app.openapi = lambda: openapi_document(app)  # type: ignore[method-assign]  # FastAPI's documented hook
    return app


def openapi_document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI 3.1 document, with the bodies that routes read by themselves."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
        )
        _, definitions = models_json_schema(
            [(model, "validation") for model in BODIES],
            ref_template="#/components/schemas/{model}",
        )
        schemas = document["components"]["schemas"]
        for name, schema in definitions.get("$defs", {}).items():
            schemas.setdefault(name, schema)
        _forget_422(document)
        app.openapi_schema = document
    return app.openapi_schema


def _forget_422(document: dict[str, Any]) -> None:
    """FastAPI announces its own 422; here every fault of a request is a 400 in the envelope."""
    for path in document["paths"].values():
        for operation in path.values():
            operation["responses"].pop("422", None)
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)


def _gauges(services: Services) -> Mapping[str, float]:
    view, node = services.view, services.node
    total, enabled = view.count_jobs()
    running, pending = count_open(view)
    applied = view.applied_index
    return {
        "chronos_jobs": total,
        "chronos_jobs_enabled": enabled,
        "chronos_executions_open": running + pending,
        "chronos_executions_running": running,
        "chronos_dispatch_in_flight": node.in_flight(),
        "chronos_dispatch_queued": node.queued(),
        "chronos_raft_applied_index": applied,
        "chronos_history_lag_entries": max(0, applied - services.history.watermark),
        "chronos_leader": float(node.leader() == services.config.cluster.node_id),
        "chronos_uptime_seconds": node.uptime_s(),
        "chronos_clock_offset_seconds": node.clock_offset_us() / 1e6,
    }
