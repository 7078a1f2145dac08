-- What began in the entries above $after, up to $upto, by quarter of an hour, UTC.
SELECT
    epoch_us(coalesce(started_at, scheduled_time)) // 900000000 AS quarter,
    count(*) FILTER (status != 'skipped') AS runs,
    count(*) FILTER (status = 'failed') AS failed,
    coalesce(sum(fires) FILTER (status = 'skipped'), 0)::BIGINT AS skipped
FROM executions
WHERE raft_index > $after AND raft_index <= $upto
GROUP BY quarter
