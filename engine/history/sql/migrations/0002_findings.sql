-- What detectors found unusual, and what people made of it.

CREATE TABLE findings (
    raft_index BIGINT,
    raft_pos INTEGER,
    recorded_at TIMESTAMP,
    id VARCHAR,
    job_id VARCHAR,
    job_name VARCHAR,
    namespace VARCHAR,
    detector VARCHAR,
    signal VARCHAR,
    state VARCHAR,
    first_at TIMESTAMP,
    last_at TIMESTAMP,
    runs INTEGER,
    score DOUBLE,
    value DOUBLE,
    low DOUBLE,
    high DOUBLE,
    unit VARCHAR,
    execution_id VARCHAR,
    evidence VARCHAR,
    changed_by VARCHAR,
    note VARCHAR
);
