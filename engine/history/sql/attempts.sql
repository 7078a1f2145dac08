-- The attempts of one execution that are over, in their order. $since and $until only save
-- reading.
SELECT attempt, node_id, epoch_us(started_at), epoch_us(completed_at), outcome, status_code, error,
    response, trace
FROM attempts
WHERE execution_id = $execution_id AND recorded_at >= make_timestamp($since)
    AND recorded_at <= make_timestamp($until)
ORDER BY attempt, raft_index, raft_pos
