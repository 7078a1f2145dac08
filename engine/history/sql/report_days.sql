-- By day of the report's wall clock, oldest first; days without runs are absent.
SELECT
    strftime(wall, '%Y-%m-%d') AS day,
    count(*) FILTER (status != 'skipped') AS runs,
    count(*) FILTER (status = 'success') AS success,
    count(*) FILTER (status IN ('failed', 'unknown')) AS bad,
    coalesce(sum(fires) FILTER (status = 'skipped'), 0)::BIGINT AS skipped,
    quantile_cont(duration_ms, 0.95) FILTER (status = 'success') AS duration_p95_ms
FROM runs
WHERE current
GROUP BY day
ORDER BY day
