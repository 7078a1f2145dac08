-- Stands for the exported table while nothing has been exported.
CREATE VIEW executions AS
SELECT
    NULL::VARCHAR AS job_id, NULL::VARCHAR AS id, NULL::BIGINT AS raft_index,
    NULL::TIMESTAMP AS scheduled_time, NULL::TIMESTAMP AS started_at, NULL::DOUBLE AS duration_ms, NULL::DOUBLE AS lateness_ms,
    NULL::VARCHAR AS status, NULL::VARCHAR AS trigger, NULL::INTEGER AS attempts,
    NULL::INTEGER AS job_version
WHERE false
