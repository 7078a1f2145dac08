-- The finished replays of an execution, oldest first.
SELECT id, status, epoch_us(scheduled_time) FROM executions
WHERE replay_of = $id ORDER BY raft_index, raft_pos LIMIT $most
