-- The most runs at one moment, by day on which the moment lies: +1 where a run begins, -1 where it
-- ended, ends first where both meet.
WITH moves AS (
    SELECT wall AS moment, 1 AS step FROM runs WHERE current AND status != 'skipped'
    UNION ALL
    SELECT wall + (ended - began), -1 FROM runs WHERE current AND status != 'skipped'
),
levels AS (
    SELECT moment, sum(step) OVER (ORDER BY moment, step ROWS UNBOUNDED PRECEDING) AS level
    FROM moves
)
SELECT
    strftime(moment, '%Y-%m-%d') AS day,
    max(level)::BIGINT AS most,
    strftime(arg_max(moment, level), '%H:%M:%S') AS reached_at
FROM levels
GROUP BY day
ORDER BY day
