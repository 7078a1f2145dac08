-- How long what began took, and how late it was, in the entries above $after, up to $upto, by hour
-- since 1970 and bucket.
SELECT hour, bucket, sum(durations)::BIGINT AS durations, sum(latenesses)::BIGINT AS latenesses
FROM (
    SELECT
        epoch_us(coalesce(started_at, scheduled_time)) // 3600000000 AS hour,
        floor(4 * log2(greatest(duration_ms, 0.001)))::INTEGER AS bucket,
        1 AS durations,
        0 AS latenesses
    FROM executions
    WHERE raft_index > $after AND raft_index <= $upto AND duration_ms IS NOT NULL
    UNION ALL
    SELECT
        epoch_us(coalesce(started_at, scheduled_time)) // 3600000000,
        floor(4 * log2(greatest(lateness_ms, 0.001)))::INTEGER,
        0,
        1
    FROM executions
    WHERE raft_index > $after AND raft_index <= $upto
        AND lateness_ms IS NOT NULL AND trigger = 'schedule'
) seen
GROUP BY hour, bucket
