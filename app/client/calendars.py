"""Business calendars: when jobs must not run."""

from __future__ import annotations

from app.client.transport import Json, Transport


class CalendarCalls(Transport):
    """Business calendars."""

    def business_calendars(self) -> Json:
        """The calendars by name, without what they close."""
        return self._get("/api/v1/calendars")

    def business_calendar(self, name: str) -> Json:
        """A calendar, what it closes, and the jobs that observe it."""
        return self._get(f"/api/v1/calendars/{name}")

    def create_business_calendar(
        self, document: Json, *, dry_run: bool = False, idempotency_key: str | None = None
    ) -> Json:
        """Keep a new calendar, or with `dry_run` only see what it would close."""
        params = {"dry_run": "true"} if dry_run else {}
        return self._write("POST", "/api/v1/calendars", document, params, key=idempotency_key)

    def update_business_calendar(
        self,
        name: str,
        document: Json,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Json:
        """Replace a calendar; its jobs fire by it from now on."""
        headers = {"If-Match": if_match} if if_match else {}
        path = f"/api/v1/calendars/{name}"
        return self._write("PUT", path, document, key=idempotency_key, headers=headers)

    def delete_business_calendar(self, name: str, *, idempotency_key: str | None = None) -> Json:
        """Forget a calendar that no job observes."""
        return self._write("DELETE", f"/api/v1/calendars/{name}", key=idempotency_key)

    def countries(self) -> Json:
        """The countries whose public holidays are known."""
        return self._get("/api/v1/calendars/countries")
