-- What began in [$since, $until), by local day and by local hour of the week, as `calendar` has it.
-- Follows `WITH parts AS (...)` of derived_load_quarters.
, segments AS (
    SELECT unnest($starts::BIGINT[]) AS begins, unnest($ends::BIGINT[]) AS ends,
        unnest($offsets::BIGINT[]) AS shift
),
quarters AS (
    SELECT quarter * 900000000 AS at_us, sum(runs) AS runs, sum(failed) AS failed,
        sum(skipped) AS skipped
    FROM parts
    WHERE quarter >= $since::BIGINT // 900000000
        AND quarter * 900000000 < $until::BIGINT
    GROUP BY quarter
),
placed AS (
    SELECT quarters.*, (at_us + shift) // 3600000000 AS wall_hour
    FROM quarters JOIN segments ON at_us >= begins AND at_us < ends
),
named AS (
    SELECT placed.*, wall_hour // 24 AS day, (wall_hour // 24 + 3) % 7 AS weekday,
        wall_hour % 24 AS hour
    FROM placed
)
SELECT day, weekday, hour, sum(runs)::BIGINT, sum(failed)::BIGINT, sum(skipped)::BIGINT
FROM named
GROUP BY GROUPING SETS ((day), (weekday, hour))
ORDER BY day, weekday, hour
