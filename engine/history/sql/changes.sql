-- What these executions sent otherwise than their jobs.
SELECT execution_id, change FROM replay_changes WHERE execution_id IN (SELECT unnest($ids))
