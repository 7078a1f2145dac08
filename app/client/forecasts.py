"""What is to come, and the models that tell it."""

from __future__ import annotations

from typing import Any

from app.client.transport import Json, Transport


class ForecastCalls(Transport):
    """What is to come, and the models that tell it."""

    def load_forecast(self, horizon: str | None = None) -> Json:
        """The load of the coming hours, of all jobs together."""
        return self._get("/api/v1/forecasts/load", {"horizon": horizon})

    def job_forecast(self, ref: str, horizon: str | None = None) -> Json:
        """A job's load of the coming hours, and how long its coming runs take."""
        return self._get(f"/api/v1/jobs/{ref}/forecast", {"horizon": horizon})

    def job_risk(self, ref: str) -> Json:
        """How likely a job's next run fails, or is slow or late."""
        return self._get(f"/api/v1/jobs/{ref}/risk")

    def risks(self, **filters: Any) -> Json:
        """The next runs by risk; filters `outcome`, `enabled`, `namespace`, `limit`."""
        return self._get("/api/v1/risks", filters)

    def batch_forecast(self, **span: Any) -> Json:
        """When a batch is over: `tag`, `namespace`, `since`, `until`, `by`, `disabled`."""
        return self._get("/api/v1/forecasts/batch", span)

    def models(self, **filters: Any) -> Json:
        """The latest cards; filters `kind`, `verdict`, `job`, `limit`."""
        return self._get("/api/v1/models", filters)

    def model(self, identity: str) -> Json:
        """A card with its numbers and versions."""
        return self._get(f"/api/v1/models/{identity}")

    def train_models(self, job: str | None = None, *, idempotency_key: str | None = None) -> Json:
        """Ask the leader to train the models of a job, or all."""
        return self._write("POST", "/api/v1/models/train", {"job": job}, key=idempotency_key)
