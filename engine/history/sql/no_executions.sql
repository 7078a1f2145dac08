-- Stands for the exported table while nothing has been exported.
CREATE VIEW executions AS
SELECT
    NULL::VARCHAR AS job_id, NULL::VARCHAR AS id, NULL::BIGINT AS raft_index,
    NULL::TIMESTAMP AS scheduled_time, NULL::TIMESTAMP AS started_at, NULL::DOUBLE AS duration_ms, NULL::DOUBLE AS lateness_ms,
    NULL::VARCHAR AS status, NULL::VARCHAR AS trigger, NULL::INTEGER AS attempts,
    NULL::INTEGER AS job_version, NULL::VARCHAR AS job_name, NULL::VARCHAR AS namespace,
    NULL::VARCHAR AS reason, NULL::VARCHAR AS error, NULL::VARCHAR AS url, NULL::JSON AS tags,
    NULL::TIMESTAMP AS completed_at, NULL::INTEGER AS fires,
    NULL::INTEGER AS status_code
WHERE false
