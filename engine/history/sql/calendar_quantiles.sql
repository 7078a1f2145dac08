-- The 95th percentiles of what began in [$since, $until), by local day and by local hour of the
-- week; a value is found within its bucket as if the bucket were evenly full on a log scale. Follows
-- `WITH parts AS (...)` of derived_load_hours.
, segments AS (
    SELECT unnest($starts::BIGINT[]) AS begins, unnest($ends::BIGINT[]) AS ends,
        unnest($offsets::BIGINT[]) AS shift
),
walls AS (
    SELECT hour, (hour * 3600000000 + shift) // 3600000000 AS wall_hour
    FROM (SELECT unnest(range($since::BIGINT // 3600000000, $until::BIGINT // 3600000000 + 1)) AS hour)
        JOIN segments ON hour * 3600000000 >= begins AND hour * 3600000000 < ends
),
placed AS (
    SELECT bucket, durations, latenesses, wall_hour // 24 AS day,
        (wall_hour // 24 + 3) % 7 AS weekday, wall_hour % 24 AS hour
    FROM parts JOIN walls ON parts.hour = walls.hour
),
buckets AS (
    SELECT day, weekday, hour, bucket, sum(durations) AS durations, sum(latenesses) AS latenesses
    FROM placed
    GROUP BY GROUPING SETS ((day, bucket), (weekday, hour, bucket))
),
ranked AS (
    SELECT buckets.*,
        sum(durations) OVER ranks AS durations_upto,
        sum(latenesses) OVER ranks AS latenesses_upto,
        0.95::DOUBLE * sum(durations) OVER cell AS durations_wanted,
        0.95::DOUBLE * sum(latenesses) OVER cell AS latenesses_wanted
    FROM buckets
    WINDOW cell AS (PARTITION BY day, weekday, hour),
        ranks AS (PARTITION BY day, weekday, hour ORDER BY bucket)
)
SELECT day, weekday, hour,
    min(2 ** ((bucket + 1 - (durations_upto - durations_wanted) / durations) / 4))
        FILTER (durations > 0 AND durations_upto >= durations_wanted),
    min(2 ** ((bucket + 1 - (latenesses_upto - latenesses_wanted) / latenesses) / 4))
        FILTER (latenesses > 0 AND latenesses_upto >= latenesses_wanted)
FROM ranked
GROUP BY day, weekday, hour
