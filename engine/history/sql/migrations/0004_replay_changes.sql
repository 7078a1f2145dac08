-- What replays send otherwise than their jobs.

CREATE TABLE replay_changes (
    raft_index BIGINT,
    raft_pos INTEGER,
    recorded_at TIMESTAMP,
    execution_id VARCHAR,
    job_id VARCHAR,
    replay_of VARCHAR,
    change JSON
);
