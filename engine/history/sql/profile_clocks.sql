-- The clocks that the versions are read on of jobs that ran in the entries above $after, up to
-- $upto. By the rows' numbers, and with no condition on the documents: else those of all jobs are
-- read, and stay in memory.
CREATE OR REPLACE TEMP TABLE clocks AS
SELECT job_id, version AS job_version, any_value(config->>'timezone') AS zone
FROM job_versions
WHERE rowid IN (
    SELECT rowid
    FROM job_versions
    WHERE change IN ('created', 'updated') AND ($job_id IS NULL OR job_id = $job_id)
        AND job_id IN (
            SELECT job_id FROM executions
            WHERE raft_index > $after AND raft_index <= $upto
                AND trigger = 'schedule' AND status IN ('success', 'failed', 'unknown')
        )
)
GROUP BY ALL
