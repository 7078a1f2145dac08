-- The rows that decided a job's fire time $at, or the stretch that it fell into: those of that very
-- time first, the newest of them first; and the runs of it in backfills.
SELECT
    trigger, id, status, reason, error, job_version, attempts, fires, node_id,
    epoch_us(scheduled_time) AS scheduled_us, epoch_us(scheduled_until) AS until_us,
    epoch_us(started_at) AS started_us, epoch_us(completed_at) AS completed_us
FROM executions
WHERE job_id = $job_id AND trigger IN ('schedule', 'backfill')
    AND scheduled_time <= make_timestamp($at)
    AND (scheduled_time = make_timestamp($at)
        OR (status = 'skipped' AND coalesce(scheduled_until, scheduled_time) >= make_timestamp($at)))
ORDER BY scheduled_time = make_timestamp($at) DESC, raft_index DESC, raft_pos DESC
LIMIT 10
