-- Load by hour of the day on the report's wall clock.
SELECT
    hour(wall) AS hour,
    count(*) AS runs,
    coalesce(sum(duration_ms) / 3600000, 0) AS busy_hours,
    quantile_cont(lateness_ms, 0.95) FILTER (trigger = 'schedule') AS lateness_p95_ms
FROM runs
WHERE current AND status != 'skipped'
GROUP BY ALL
ORDER BY hour
