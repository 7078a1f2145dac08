-- Jobs that a person should look at: the last run failed, a run's outcome is unknown, or runs start
-- late. One row a job, the worst of the three; deleted jobs are left out.
WITH recent AS (
    SELECT job_id, job_name, namespace, status, reason, error, trigger, completed_at, lateness_ms,
        (completed_at, raft_index, raft_pos) AS place
    FROM executions
    WHERE completed_at >= make_timestamp($since) AND completed_at <= make_timestamp($until)
        AND status IN ('success', 'failed', 'unknown')
        AND job_id NOT IN (SELECT job_id FROM job_versions WHERE change = 'deleted')
),
jobs AS (
    SELECT
        job_id,
        arg_max(job_name, place) AS job_name,
        arg_max(namespace, place) AS namespace,
        arg_max(status, place) AS last_status,
        max(place) FILTER (status = 'success') AS last_success,
        arg_max(if(error = '', reason, error), place)
            FILTER (status = 'failed') AS failure,
        arg_max(if(reason = '', error, reason), place)
            FILTER (status = 'unknown') AS doubt,
        max(completed_at) FILTER (status = 'failed') AS failed_at,
        max(completed_at) FILTER (status = 'unknown') AS unknown_at,
        count(*) FILTER (status = 'unknown') AS unknowns,
        count(*) FILTER (lateness_ms > $late_ms AND trigger = 'schedule') AS lates,
        max(completed_at) FILTER (lateness_ms > $late_ms AND trigger = 'schedule') AS late_at,
        max(lateness_ms) FILTER (trigger = 'schedule') AS latest_ms
    FROM recent
    GROUP BY job_id
),
failures AS (
    SELECT r.job_id, count(*) AS failures
    FROM recent r JOIN jobs j USING (job_id)
    WHERE r.status = 'failed'
        AND (j.last_success IS NULL OR r.place > j.last_success)
    GROUP BY r.job_id
),
judged AS (
    SELECT
        job_id, job_name, namespace,
        CASE WHEN last_status = 'failed' THEN 'failing'
             WHEN unknowns > 0 THEN 'unknown'
             WHEN lates > 0 THEN 'late' END AS status,
        coalesce(failures, 0) AS failures, unknowns, lates,
        failure, doubt, latest_ms, failed_at, unknown_at, late_at
    FROM jobs LEFT JOIN failures USING (job_id)
)
SELECT
    job_id, job_name, namespace, status,
    CASE status WHEN 'failing' THEN failure
                WHEN 'unknown' THEN doubt
                ELSE printf('started up to %.1f s late', latest_ms / 1000) END AS reason,
    CASE status WHEN 'failing' THEN failures WHEN 'unknown' THEN unknowns ELSE lates END AS count,
    epoch_us(CASE status WHEN 'failing' THEN failed_at WHEN 'unknown' THEN unknown_at
             ELSE late_at END) AS last_us
FROM judged
WHERE status IS NOT NULL
ORDER BY CASE status WHEN 'failing' THEN 0 WHEN 'unknown' THEN 1 ELSE 2 END, 6 DESC, 7 DESC, job_id
LIMIT $most
