-- The first schema. Append-only, no keys, no indexes: rows come in log order, exactly once.

CREATE TABLE executions (
    raft_index BIGINT,
    raft_pos INTEGER,
    recorded_at TIMESTAMP,
    id VARCHAR,
    job_id VARCHAR,
    job_name VARCHAR,
    namespace VARCHAR,
    job_version INTEGER,
    status VARCHAR,
    reason VARCHAR,
    trigger VARCHAR,
    scheduled_time TIMESTAMP,
    scheduled_until TIMESTAMP,
    started_at TIMESTAMP,
    completed_at TIMESTAMP,
    duration_ms DOUBLE,
    lateness_ms DOUBLE,
    attempts INTEGER,
    status_code INTEGER,
    response VARCHAR,
    error VARCHAR,
    node_id VARCHAR,
    replay_of VARCHAR,
    url VARCHAR,
    method VARCHAR,
    tags JSON,
    fires INTEGER
);

CREATE TABLE attempts (
    raft_index BIGINT,
    raft_pos INTEGER,
    recorded_at TIMESTAMP,
    execution_id VARCHAR,
    job_id VARCHAR,
    job_name VARCHAR,
    namespace VARCHAR,
    attempt INTEGER,
    outcome VARCHAR,
    node_id VARCHAR,
    started_at TIMESTAMP,
    completed_at TIMESTAMP,
    duration_ms DOUBLE,
    status_code INTEGER,
    error VARCHAR,
    response VARCHAR,
    trace JSON
);

CREATE TABLE job_versions (
    raft_index BIGINT,
    raft_pos INTEGER,
    recorded_at TIMESTAMP,
    job_id VARCHAR,
    job_name VARCHAR,
    namespace VARCHAR,
    version INTEGER,
    change VARCHAR,
    changed_by VARCHAR,
    comment VARCHAR,
    config JSON
);

CREATE TABLE audit (
    raft_index BIGINT,
    raft_pos INTEGER,
    recorded_at TIMESTAMP,
    actor VARCHAR,
    action VARCHAR,
    target VARCHAR,
    outcome VARCHAR,
    detail JSON
);

-- Progress, in the same transaction as the rows; insert-only, the largest idx counts.
CREATE TABLE applied (
    idx BIGINT,
    applied_at TIMESTAMP
);
