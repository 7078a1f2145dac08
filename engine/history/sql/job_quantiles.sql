-- Exact quantiles over all scheduled runs of one job that the history holds.
SELECT
    quantile_cont(duration_ms, [0.5, 0.9, 0.95, 0.99]) AS duration_ms,
    quantile_cont(lateness_ms, [0.5, 0.9, 0.95, 0.99]) AS lateness_ms
FROM executions
WHERE job_id = $job_id AND trigger = 'schedule' AND status IN ('success', 'failed', 'unknown')
