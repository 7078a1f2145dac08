-- What the scheduled runs in the entries above $after, up to $upto, came to, by job and by hour of
-- the week (0 is Monday 00:00) on the clock of the job's version that ran. What was imported, version
-- 0, is read on the clock of the job's first version; a job that is not known here has UTC. The
-- temporary table `clocks` has those of the versions; $zones, $starts, $ends and $offsets are their
-- stretches.
SELECT
    job_id,
    ((at_us + shift) // 3600000000 + 72) % 168 AS hour,
    count(*) AS runs,
    count(*) FILTER (status != 'success') AS failed,
    count(duration_ms) AS timed,
    avg(duration_ms) AS duration_mean,
    var_pop(duration_ms) * count(duration_ms) AS duration_m2,
    min(duration_ms) AS duration_min,
    max(duration_ms) AS duration_max,
    count(lateness_ms) AS started,
    avg(lateness_ms) AS lateness_mean,
    var_pop(lateness_ms) * count(lateness_ms) AS lateness_m2,
    max(lateness_ms) AS lateness_max
FROM (
    SELECT job_id, epoch_us(scheduled_time) AS at_us, status, duration_ms, lateness_ms,
        coalesce(clocks.zone, 'UTC') AS zone
    FROM executions LEFT JOIN (
        SELECT job_id, job_version, zone FROM temp.clocks
        UNION ALL
        SELECT job_id, 0, arg_min(zone, job_version) FROM temp.clocks GROUP BY job_id
    ) clocks USING (job_id, job_version)
    WHERE raft_index > $after AND raft_index <= $upto
        AND trigger = 'schedule' AND status IN ('success', 'failed', 'unknown')
        AND ($job_id IS NULL OR job_id = $job_id)
) runs
JOIN (
    SELECT unnest($zones::VARCHAR[]) AS zone, unnest($starts::BIGINT[]) AS begins,
        unnest($ends::BIGINT[]) AS ends, unnest($offsets::BIGINT[]) AS shift
) stretches ON runs.zone = stretches.zone AND at_us >= begins AND at_us < ends
GROUP BY ALL
