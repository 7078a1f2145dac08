-- The median duration of each job's runs that were due since $since, in milliseconds.
SELECT job_id, median(duration_ms) AS duration_ms
FROM executions
WHERE scheduled_time >= make_timestamp($since) AND duration_ms IS NOT NULL
GROUP BY job_id
