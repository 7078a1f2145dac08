-- Partial sums of one job and hour become one. The deviations between the parts' means come on top
-- of those within the parts (Chan, Golub and LeVeque, The American Statistician 37, 1983). Follows
-- `WITH parts AS (...)`.
, means AS (
    SELECT job_id, hour,
        sum(timed * duration_mean) / nullif(sum(timed), 0) AS duration_mean,
        sum(started * lateness_mean) / nullif(sum(started), 0) AS lateness_mean
    FROM parts
    GROUP BY job_id, hour
)
SELECT
    job_id,
    hour,
    sum(runs)::BIGINT AS runs,
    sum(failed)::BIGINT AS failed,
    sum(timed)::BIGINT AS timed,
    any_value(means.duration_mean) AS duration_mean,
    sum(duration_m2 + timed * (parts.duration_mean - means.duration_mean) ** 2) AS duration_m2,
    min(duration_min) AS duration_min,
    max(duration_max) AS duration_max,
    sum(started)::BIGINT AS started,
    any_value(means.lateness_mean) AS lateness_mean,
    sum(lateness_m2 + started * (parts.lateness_mean - means.lateness_mean) ** 2) AS lateness_m2,
    max(lateness_max) AS lateness_max
FROM parts JOIN means USING (job_id, hour)
GROUP BY job_id, hour
ORDER BY job_id, hour
