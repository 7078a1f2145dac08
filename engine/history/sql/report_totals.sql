-- The span (current) and the one before it, in one row each; at most two rows, the span first.
SELECT
    current,
    count(*) FILTER (status != 'skipped') AS runs,
    count(*) FILTER (status = 'success') AS success,
    count(*) FILTER (status = 'failed') AS failed,
    count(*) FILTER (status = 'unknown') AS unknown,
    count(*) FILTER (status = 'cancelled') AS cancelled,
    coalesce(sum(fires) FILTER (status = 'skipped'), 0)::BIGINT AS skipped,
    count(*) FILTER (status != 'skipped' AND attempts > 1) AS retried,
    count(DISTINCT job) FILTER (status != 'skipped') AS jobs,
    quantile_cont(duration_ms, 0.5) FILTER (status = 'success') AS duration_p50_ms,
    quantile_cont(duration_ms, 0.95) FILTER (status = 'success') AS duration_p95_ms,
    quantile_cont(lateness_ms, 0.95) FILTER (trigger = 'schedule') AS lateness_p95_ms
FROM runs
GROUP BY current
ORDER BY current DESC
