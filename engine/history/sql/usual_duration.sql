-- The median duration of the latest hundred runs of one job that ended well, milliseconds.
SELECT median(duration_ms)
FROM (
    SELECT duration_ms FROM executions
    WHERE job_id = $job_id AND status = 'success' AND duration_ms IS NOT NULL
    ORDER BY completed_at DESC
    LIMIT 100
)
