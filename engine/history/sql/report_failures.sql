-- Runs that failed or whose end is unknown, by cause, by host and by status code, the most frequent
-- first; first and last seen on the report's wall clock.
WITH told AS (
    SELECT job, wall, began,
        unnest(['cause', 'host', 'status_code']) AS dimension,
        unnest([cause, host, coalesce(status_code::VARCHAR, 'none')]) AS value
    FROM runs
    WHERE current AND status IN ('failed', 'unknown')
)
SELECT
    dimension,
    value,
    count(*) AS failures,
    count(DISTINCT job) AS jobs,
    strftime(min(wall), '%Y-%m-%d %H:%M:%S') AS first_seen,
    strftime(max(wall), '%Y-%m-%d %H:%M:%S') AS last_seen,
    arg_max(job, began) AS latest_job
FROM told
GROUP BY dimension, value
QUALIFY row_number() OVER (PARTITION BY dimension ORDER BY failures DESC, value) <= 50
ORDER BY dimension, failures DESC, value
