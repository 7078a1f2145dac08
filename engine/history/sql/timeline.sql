-- The newest bars of the busiest jobs of a window; every job gets its share of them. The busiest are
-- found by their ids alone, so that the rest is read of few rows.
WITH busiest AS MATERIALIZED (
    SELECT job_id, count(*) AS runs
    FROM executions
    WHERE completed_at >= make_timestamp($since) AND completed_at <= make_timestamp($until)
        AND started_at IS NOT NULL
    GROUP BY job_id
    ORDER BY runs DESC, job_id
    LIMIT $jobs
)
SELECT id, job_id, job_name, namespace, status, epoch_us(started_at), epoch_us(completed_at)
FROM executions JOIN busiest USING (job_id)
WHERE completed_at >= make_timestamp($since) AND completed_at <= make_timestamp($until)
    AND started_at IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY job_id
    ORDER BY completed_at DESC, raft_index DESC, raft_pos DESC)
    <= $bars // (SELECT greatest(count(*), 1) FROM busiest)
ORDER BY runs DESC, job_id, started_at
