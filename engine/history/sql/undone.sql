-- The fire times of a job in [$since, $until) that were skipped, or whose runs failed, as stretches
-- in microseconds; by trigger and status, ascending.
SELECT
    status, epoch_us(scheduled_time) AS first_us,
    epoch_us(coalesce(scheduled_until, scheduled_time)) AS last_us
FROM executions
WHERE job_id = $job_id AND trigger IN ('schedule', 'backfill')
    AND status IN ('success', 'skipped', 'failed', 'unknown')
    AND (status <> 'success' OR trigger = 'backfill')
    AND coalesce(scheduled_until, scheduled_time) >= make_timestamp($since)
    AND scheduled_time < make_timestamp($until)
ORDER BY first_us
