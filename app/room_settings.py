"""The configuration in the words of each room."""

from __future__ import annotations

import hashlib
import hmac

from analytics.reports.registry import kinds
from app.config import Config
from engine.core.version import LEVEL, VERSION
from engine.dispatch.dispatcher import WorkerLimits
from engine.model.document import Defaults
from engine.model.job import MissedRunPolicy, RetryPolicy
from engine.raft.pysync.node import RaftConfig
from engine.state.messages import RegisterNode


def raft_config(config: Config) -> RaftConfig:
    """What Raft is told."""
    raft = config.cluster.raft
    return RaftConfig(
        address=raft.address,
        peers=raft.peers,
        data_dir=config.cluster.data_dir / "raft",
        secret=raft.secret,
        heartbeat_timeout_us=raft.heartbeat_timeout_us,
        election_timeout_us=raft.election_timeout_us,
        snapshot_interval_us=raft.snapshot_interval_us,
        snapshot_threshold=raft.snapshot_threshold,
    )


def worker_limits(config: Config) -> WorkerLimits:
    """What the worker may have at targets."""
    concurrency, http = config.dispatcher.concurrency, config.dispatcher.http
    return WorkerLimits(
        in_flight_max=concurrency.max_concurrent_jobs,
        per_job_max=concurrency.per_job_limit,
        connect_us_max=http.timeout_us,
        idle_connections_max=http.max_idle_conns,
        idle_connection_us_max=http.idle_conn_timeout_us,
    )


def job_defaults(config: Config) -> Defaults:
    """What a job gets where its document says nothing."""
    scheduler, policy = config.scheduler, config.scheduler.default_retry_policy
    return Defaults(
        timeout_us=scheduler.execution_timeout_us,
        missed_run_policy=MissedRunPolicy(scheduler.missed_run_policy),
        retry_policy=RetryPolicy(
            max_attempts=policy.max_attempts,
            initial_interval_us=policy.initial_interval_us,
            max_interval_us=policy.max_interval_us,
            multiplier=policy.multiplier,
        ),
        report_kinds=kinds.names(),
    )


def registration(config: Config) -> RegisterNode:
    """How the node is reached, and what it understands."""
    return RegisterNode(
        node=config.cluster.node_id,
        raft_address=config.cluster.raft.address,
        http_address=config.server.http.address,
        version=VERSION,
        level=LEVEL,
    )


def peer_token(config: Config) -> str:
    """What nodes of this cluster show each other; empty on a node without peers."""
    raft = config.cluster.raft
    if not raft.peers:
        return ""
    return hmac.new(raft.secret.encode(), b"chronos history", hashlib.sha256).hexdigest()
