-- The latest $most scheduled runs of each of $jobs that ran, oldest first; times in microseconds.
SELECT
    job_id,
    id,
    epoch_us(scheduled_time) AS at_us,
    duration_ms,
    lateness_ms,
    status IN ('failed', 'unknown') AS failed,
    attempts,
    job_version
FROM executions
WHERE list_contains($jobs, job_id) AND trigger = 'schedule'
    AND status IN ('success', 'failed', 'unknown')
QUALIFY row_number() OVER (PARTITION BY job_id ORDER BY scheduled_time DESC) <= $most
ORDER BY job_id, scheduled_time
