-- Scheduled runs due since $since (microseconds) that failed, the newest $most; oldest first.
SELECT job_id, id, epoch_us(scheduled_time) AS at_us, error
FROM executions
WHERE trigger = 'schedule' AND status IN ('failed', 'unknown')
    AND epoch_us(scheduled_time) >= $since
QUALIFY row_number() OVER (ORDER BY scheduled_time DESC) <= $most
ORDER BY scheduled_time, job_id
