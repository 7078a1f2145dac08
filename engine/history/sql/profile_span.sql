-- When the first and the last run were due that `derived_week_profiles` would sum up; microseconds.
SELECT epoch_us(min(scheduled_time)), epoch_us(max(scheduled_time))
FROM executions
WHERE raft_index > $after AND raft_index <= $upto
    AND trigger = 'schedule' AND status IN ('success', 'failed', 'unknown')
    AND ($job_id IS NULL OR job_id = $job_id)
