-- What the runs of one job in a window came to; skipped fire times are no runs.
SELECT
    count(*) AS runs,
    count(*) FILTER (status = 'success') AS success,
    count(*) FILTER (status = 'failed') AS failed,
    count(*) FILTER (status = 'unknown') AS "unknown",
    quantile_cont(duration_ms, [0.5, 0.95, 0.99]) AS duration_ms,
    quantile_cont(lateness_ms, [0.5, 0.95, 0.99]) FILTER (trigger = 'schedule') AS lateness_ms
FROM executions
WHERE job_id = $job_id AND status <> 'skipped'
    AND completed_at >= make_timestamp($since) AND completed_at <= make_timestamp($until)
