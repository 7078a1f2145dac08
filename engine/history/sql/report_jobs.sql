-- By job, those with the most failures first, then the busiest.
SELECT
    job,
    count(*) FILTER (status != 'skipped') AS runs,
    count(*) FILTER (status = 'success') AS success,
    count(*) FILTER (status IN ('failed', 'unknown')) AS bad,
    coalesce(sum(fires) FILTER (status = 'skipped'), 0)::BIGINT AS skipped,
    count(*) FILTER (status != 'skipped' AND attempts > 1) AS retried,
    quantile_cont(duration_ms, 0.95) FILTER (status = 'success') AS duration_p95_ms,
    coalesce(sum(duration_ms) / 3600000, 0) AS busy_hours
FROM runs
WHERE current
GROUP BY job
ORDER BY bad DESC, runs DESC, job
