"""The one way to write: every door's intention becomes a checked command here.

Documents are parsed, fire times computed, and the machine's refusal becomes `Refused`. Permission
and policy stand here too when they come. Each subject is a module of this package.
"""

from __future__ import annotations

from collections.abc import Collection

from app.gate.backfills import Backfills
from app.gate.calendars import Calendars
from app.gate.executions import Executions, FindExecution
from app.gate.findings import Findings
from app.gate.fire_times import FireTimes
from app.gate.imports import FindImported, Imports
from app.gate.jobs import Jobs
from app.gate.level import ClusterLevel
from app.gate.models import Models
from app.gate.pauses import Pauses
from app.gate.proposer import Proposer
from app.gate.saved_queries import SavedQueries
from app.gate.templates import Templates
from app.gate.versions import FindVersion, Versions
from engine.core.clock import Clock
from engine.model.document import Defaults
from engine.raft.store import Store


class Gate:
    """Holds what writes of each subject, and the proposer through which all of them write.

    Args:
        store: the replicated log.
        clock: the cluster's time.
        find_version: see `Versions`.
        find_execution: see `Executions`.
        find_imported: see `Imports`.
        defaults: what a job gets where its document says nothing.
        members: the Raft addresses of the cluster; as `View.level`.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        find_version: FindVersion,
        find_execution: FindExecution,
        find_imported: FindImported,
        defaults: Defaults | None = None,
        members: Collection[str] = (),
    ):
        view = store.view
        level = ClusterLevel(view, members)
        fires = FireTimes(store, level)
        self.proposer = proposer = Proposer(store, level)
        self.jobs = Jobs(proposer, view, fires, level, clock, defaults or Defaults())
        self.versions = Versions(self.jobs, view, find_version)
        self.executions = Executions(proposer, view, find_execution)
        self.pauses = Pauses(proposer, store, clock)
        self.calendars = Calendars(proposer, view, fires, level)
        self.backfills = Backfills(proposer, level)
        self.imports = Imports(proposer, view, find_imported)
        self.templates = Templates(proposer)
        self.saved_queries = SavedQueries(proposer)
        self.findings = Findings(proposer)
        self.models = Models(proposer)
