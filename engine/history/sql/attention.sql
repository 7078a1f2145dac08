-- Jobs that a person should look at: the last run failed, a run's outcome is unknown, or runs start
-- late. One row a job, the worst of the three; deleted jobs are left out. Most runs are well: of
-- them only the end of each job's last one is read.
WITH bad AS MATERIALIZED (
    SELECT job_id, job_name, namespace, status, reason, error, completed_at, lateness_ms,
        coalesce(lateness_ms > $late_ms AND trigger = 'schedule', false) AS is_late
    FROM executions
    WHERE completed_at >= make_timestamp($since) AND completed_at <= make_timestamp($until)
        AND (status IN ('failed', 'unknown')
            OR (status = 'success' AND trigger = 'schedule' AND lateness_ms > $late_ms))
        AND job_id NOT IN (SELECT job_id FROM job_versions WHERE change = 'deleted')
),
ends AS (
    SELECT
        job_id,
        max(completed_at) FILTER (status = 'success') AS success_at,
        max(completed_at) FILTER (status != 'failed') AS other_at
    FROM executions
    WHERE completed_at >= make_timestamp($since) AND completed_at <= make_timestamp($until)
        AND status IN ('success', 'failed', 'unknown')
        AND job_id IN (SELECT job_id FROM bad)
    GROUP BY job_id
),
jobs AS (
    SELECT
        job_id,
        arg_max(job_name, completed_at) AS job_name,
        arg_max(namespace, completed_at) AS namespace,
        count(*) FILTER (status = 'failed' AND completed_at > coalesce(success_at, '-infinity'))
            AS failures,
        max(completed_at) FILTER (status = 'failed') AS failed_at,
        any_value(other_at) AS other_at,
        arg_max(if(error = '', reason, error), completed_at) FILTER (status = 'failed') AS failure,
        arg_max(if(reason = '', error, reason), completed_at) FILTER (status = 'unknown') AS doubt,
        max(completed_at) FILTER (status = 'unknown') AS unknown_at,
        count(*) FILTER (status = 'unknown') AS unknowns,
        count(*) FILTER (is_late) AS lates,
        max(completed_at) FILTER (is_late) AS late_at,
        max(lateness_ms) FILTER (is_late) AS latest_ms
    FROM bad JOIN ends USING (job_id)
    GROUP BY job_id
),
judged AS (
    SELECT *,
        CASE WHEN failed_at > coalesce(other_at, '-infinity') THEN 'failing'
             WHEN unknowns > 0 THEN 'unknown'
             WHEN lates > 0 THEN 'late' END AS status
    FROM jobs
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
