-- The newest executions of one job in a window.
SELECT epoch_us(scheduled_time), duration_ms, status, id
FROM executions
WHERE job_id = $job_id
    AND completed_at >= make_timestamp($since) AND completed_at <= make_timestamp($until)
ORDER BY completed_at DESC, raft_index DESC, raft_pos DESC
LIMIT $most
