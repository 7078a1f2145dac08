-- Jobs of which scheduled runs ended in log entries after $after, with the newest such entry.
SELECT job_id, max(raft_index)
FROM executions
WHERE raft_index > $after AND trigger = 'schedule'
GROUP BY job_id
