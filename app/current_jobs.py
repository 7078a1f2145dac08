"""The current jobs as the export of the history wants them."""

from __future__ import annotations

from collections.abc import Iterator

from engine.model.document import job_document
from engine.model.job import Document
from engine.state.view import View


class CurrentJobs:
    """The public documents of the jobs of a view, for the export."""

    def __init__(self, view: View):
        self._view = view

    def __len__(self) -> int:
        return len(self._view.jobs())

    @property
    def changes(self) -> int:
        """See `View.changes`."""
        return self._view.changes

    def __iter__(self) -> Iterator[Document]:
        view = self._view
        for job in view.jobs():
            last = view.last_run(job.id)
            last_us = last.scheduled_us if last else None
            yield job_document(job, next_us=view.next_run(job), last_us=last_us)
