-- What ran in [$since, $until), by local day and by local hour of the week. The wall clock is
-- $starts and $offsets, a zone's changes: DuckDB's own rules of zones are not those of the
-- schedules. A row has either `day`, in days since 1970-01-01, or `weekday` (0 is Monday) and `hour`.
WITH segments AS (
    SELECT unnest($starts::BIGINT[]) AS begins, unnest($ends::BIGINT[]) AS ends,
        unnest($offsets::BIGINT[]) AS shift
),
runs AS (
    SELECT epoch_us(coalesce(started_at, scheduled_time)) AS at_us, status, trigger, fires,
        duration_ms, lateness_ms
    FROM executions
    WHERE completed_at >= make_timestamp($since)
        AND coalesce(started_at, scheduled_time) >= make_timestamp($since)
        AND coalesce(started_at, scheduled_time) < make_timestamp($until)
        AND ($job_id IS NULL OR job_id = $job_id)
        AND ($namespace IS NULL OR namespace = $namespace)
),
walls AS (
    SELECT runs.*, (at_us + shift) // 3600000000 AS wall_hour
    FROM runs JOIN segments ON at_us >= begins AND at_us < ends
),
placed AS (
    SELECT walls.*, wall_hour // 24 AS day, (wall_hour // 24 + 3) % 7 AS weekday,
        wall_hour % 24 AS hour
    FROM walls
)
SELECT
    day,
    weekday,
    hour,
    count(*) FILTER (status != 'skipped') AS runs,
    count(*) FILTER (status = 'failed') AS failed,
    coalesce(sum(fires) FILTER (status = 'skipped'), 0)::BIGINT AS skipped,
    quantile_cont(duration_ms, 0.95) AS duration_p95_ms,
    quantile_cont(lateness_ms, 0.95) FILTER (trigger = 'schedule') AS lateness_p95_ms
FROM placed
GROUP BY GROUPING SETS ((day), (weekday, hour))
ORDER BY day, weekday, hour
