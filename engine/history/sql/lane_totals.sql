-- The lanes of a window, those with failures first, then the busiest. Follows lane_runs.
SELECT
    lane,
    arg_max(namespace, (raft_index, raft_pos)) AS namespace,
    arg_max(job_name, (raft_index, raft_pos)) AS job_name,
    count(*) AS runs,
    count(*) FILTER (status = 'failed') AS failed,
    count(*) OVER () AS lanes
FROM runs
GROUP BY lane
ORDER BY failed DESC, runs DESC, lane
LIMIT $most
