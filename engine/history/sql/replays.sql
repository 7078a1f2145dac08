-- How often each of these executions was replayed, as far as the replays are over.
SELECT replay_of, count(*) FROM executions WHERE replay_of IN (SELECT unnest($ids)) GROUP BY 1
