-- The minutes in which most runs began, the busiest first.
SELECT
    strftime(wall, '%Y-%m-%d %H:%M') AS minute,
    count(*) AS runs,
    count(DISTINCT job) AS jobs,
    quantile_cont(lateness_ms, 0.95) FILTER (trigger = 'schedule') AS lateness_p95_ms
FROM runs
WHERE current AND status != 'skipped'
GROUP BY minute
ORDER BY runs DESC, minute
LIMIT 20
