-- Runs and busy seconds by hour since 1970 in which runs began, in [$since, $until): of each of $jobs,
-- or, where that is NULL, of all jobs together (job_id is then '') that had run by $known_by.
WITH runs AS (
    SELECT job_id, epoch_us(coalesce(started_at, scheduled_time)) // 3600000000 AS hour, duration_ms
    FROM executions
    WHERE status IN ('success', 'failed', 'unknown')
        AND coalesce(started_at, scheduled_time) >= make_timestamp($since)
        AND coalesce(started_at, scheduled_time) < make_timestamp($until)
        AND ($jobs IS NULL OR list_contains($jobs, job_id))
),
known AS (
    SELECT job_id FROM runs GROUP BY job_id
    HAVING $jobs IS NOT NULL OR min(hour) <= $known_by::BIGINT // 3600000000
)
SELECT
    CASE WHEN $jobs IS NULL THEN '' ELSE runs.job_id END AS job_id,
    hour,
    count(*) AS runs,
    coalesce(sum(duration_ms), 0) / 1000 AS busy_s,
    count(DISTINCT runs.job_id) AS jobs,
    (SELECT count(*) FROM known) AS jobs_known
FROM runs JOIN known USING (job_id)
GROUP BY 1, 2
ORDER BY 1, 2
