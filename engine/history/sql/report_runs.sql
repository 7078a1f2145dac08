-- What a report is about: runs of [$since, $until) and those of the span of equal length before it,
-- from $before. `wall` is the moment on the wall clock of the report. Skipped fires count by `fires`.
-- A cause is the error or the reason with its numbers made alike, so that equal faults meet.
CREATE TEMP TABLE runs AS
WITH segments AS (
    SELECT unnest($starts::BIGINT[]) AS begins, unnest($ends::BIGINT[]) AS ends,
        unnest($offsets::BIGINT[]) AS shift
),
chosen AS (
    SELECT *, epoch_us(coalesce(started_at, scheduled_time)) AS at_us
    FROM executions
    WHERE completed_at >= make_timestamp($before)
        AND coalesce(started_at, scheduled_time) >= make_timestamp($before)
        AND coalesce(started_at, scheduled_time) < make_timestamp($until)
        AND ($upto IS NULL OR raft_index <= $upto)
        AND ($namespace IS NULL OR namespace = $namespace)
        AND ($job IS NULL OR job_id = $job OR namespace || '/' || job_name = $job)
        AND ($tags = '{}' OR json_contains(tags, $tags))
        AND ($keys IS NULL OR list_has_all(json_keys(tags), $keys::VARCHAR[]))
)
SELECT
    at_us >= $since AS current,
    namespace || '/' || job_name AS job,
    status,
    trigger,
    make_timestamp(at_us) AS began,
    make_timestamp(at_us + shift) AS wall,
    completed_at AS ended,
    duration_ms,
    lateness_ms,
    attempts,
    status_code,
    coalesce(nullif(regexp_extract(url, '^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?([^/?#]+)', 1), ''),
        'unknown') AS host,
    CASE WHEN status IN ('failed', 'unknown') THEN left(regexp_replace(
        coalesce(nullif(error, ''), nullif(reason, ''), 'no reason was recorded'),
        '\d{4,}|\d+(?:\.\d+)? ?m?s\b', '#', 'g'), 160) END AS cause,
    coalesce(fires, 1) AS fires
FROM chosen JOIN segments ON at_us >= begins AND at_us < ends
