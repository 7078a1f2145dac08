-- The stretches of fire times that nobody could decide in time, recorded since $since, newest first.
SELECT
    id, job_id, job_name, namespace, reason, fires,
    epoch_us(scheduled_time), epoch_us(coalesce(scheduled_until, scheduled_time)),
    epoch_us(recorded_at)
FROM executions
WHERE status = 'skipped' AND trigger = 'schedule' AND starts_with(reason, 'missed:')
    AND recorded_at >= make_timestamp($since)
    AND ($job_id IS NULL OR job_id = $job_id)
ORDER BY raft_index DESC, raft_pos DESC
LIMIT $most
