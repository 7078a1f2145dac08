-- The share of each job's scheduled runs since $since (microseconds) that failed.
SELECT job_id, avg((status IN ('failed', 'unknown'))::INTEGER)
FROM executions
WHERE trigger = 'schedule' AND status IN ('success', 'failed', 'unknown')
    AND epoch_us(scheduled_time) >= $since
GROUP BY job_id
