-- Totals of a window. A skipped row counts for every fire time that it stands for.
SELECT
    coalesce(sum(fires) FILTER (status = 'success'), 0)::BIGINT AS success,
    coalesce(sum(fires) FILTER (status = 'failed'), 0)::BIGINT AS failed,
    coalesce(sum(fires) FILTER (status = 'skipped'), 0)::BIGINT AS skipped,
    coalesce(sum(fires) FILTER (status = 'cancelled'), 0)::BIGINT AS cancelled,
    coalesce(sum(fires) FILTER (status = 'unknown'), 0)::BIGINT AS "unknown",
    epoch_us(min(completed_at)) AS first_us,
    quantile_cont(lateness_ms, [0.5, 0.95, 0.99]) FILTER (trigger = 'schedule') AS lateness_ms
FROM executions
WHERE completed_at >= make_timestamp($since) AND completed_at <= make_timestamp($until)
