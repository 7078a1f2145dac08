"""Search by words."""

from __future__ import annotations

from app.client.transport import Json, Transport


class SearchCalls(Transport):
    """Search by words."""

    def search(self, question: str, limit: int = 20) -> Json:
        """What the words mean, best first: `{results, total}`."""
        return self._get("/api/v1/search", {"q": question, "limit": limit})
