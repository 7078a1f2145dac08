-- The worst jobs: runs that failed or whose end is unknown, their share, and the commonest cause.
SELECT
    job,
    count(*) FILTER (status IN ('failed', 'unknown')) AS failures,
    count(*) FILTER (status IN ('success', 'failed', 'unknown')) AS judged,
    failures / judged AS share,
    strftime(min(wall) FILTER (status IN ('failed', 'unknown')), '%Y-%m-%d %H:%M:%S') AS first_seen,
    strftime(max(wall) FILTER (status IN ('failed', 'unknown')), '%Y-%m-%d %H:%M:%S') AS last_seen,
    mode(cause) AS commonest_cause
FROM runs
WHERE current
GROUP BY job
HAVING failures > 0
ORDER BY failures DESC, job
LIMIT 50
