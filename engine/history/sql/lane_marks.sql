-- What is drawn in each of $lanes: every run where its entry of $cells is 0, otherwise one mark for
-- all runs that began within so many microseconds. The worst run of a mark speaks for it. Follows
-- lane_runs.
, cells AS (SELECT unnest($lanes::VARCHAR[]) AS lane, unnest($cells::BIGINT[]) AS cell),
placed AS (
    SELECT runs.*, cell,
        if(cell = 0, -1, (greatest(began_us, $since::BIGINT) - $since::BIGINT) // greatest(cell, 1))
            AS slot,
        CASE status WHEN 'failed' THEN 4 WHEN 'unknown' THEN 3 WHEN 'cancelled' THEN 2
                    WHEN 'skipped' THEN 1 ELSE 0 END AS gravity
    FROM runs JOIN cells USING (lane)
)
SELECT
    lane,
    count(*) AS runs,
    min(began_us) AS from_us,
    max(over_us) AS to_us,
    arg_max(status, (gravity, raft_index, raft_pos)) AS status,
    arg_max(id, (gravity, raft_index, raft_pos)) AS id,
    arg_max(job_id, (gravity, raft_index, raft_pos)) AS job_id,
    arg_max(job_name, (gravity, raft_index, raft_pos)) AS job_name,
    arg_max(fire_us, (gravity, raft_index, raft_pos))
        FILTER (trigger = 'schedule' AND started_at IS NOT NULL) AS fire_us,
    max(lateness_ms) FILTER (trigger = 'schedule') AS lateness_ms,
    count(*) FILTER (status = 'success') AS success,
    count(*) FILTER (status = 'failed') AS failed,
    coalesce(sum(fires) FILTER (status = 'skipped'), 0)::BIGINT AS skipped,
    count(*) FILTER (status = 'cancelled') AS cancelled,
    count(*) FILTER (status = 'unknown') AS "unknown"
FROM placed
GROUP BY lane, cell, slot, if(cell = 0, raft_index, 0), if(cell = 0, raft_pos, 0)
ORDER BY lane, from_us
