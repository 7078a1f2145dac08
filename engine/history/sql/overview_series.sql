-- Totals of a window by buckets of $bucket microseconds, numbered from $since.
SELECT
    (epoch_us(completed_at) - $since::BIGINT) // $bucket::BIGINT AS bucket,
    coalesce(sum(fires) FILTER (status = 'success'), 0)::BIGINT AS success,
    coalesce(sum(fires) FILTER (status = 'failed'), 0)::BIGINT AS failed,
    coalesce(sum(fires) FILTER (status NOT IN ('success', 'failed')), 0)::BIGINT AS other,
    quantile_cont(lateness_ms, 0.95) FILTER (trigger = 'schedule') AS lateness_p95_ms
FROM executions
WHERE completed_at >= make_timestamp($since) AND completed_at <= make_timestamp($until)
GROUP BY 1
