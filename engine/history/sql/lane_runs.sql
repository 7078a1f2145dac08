-- The runs of a window and what they have to do with a lane; a head that lane_totals and lane_marks
-- go on from. A run is in the window when it overlaps it; fires that were skipped count where they
-- were due. $tags and $keys are pairs and keys that all must be there.
WITH spans AS (
    SELECT
        id, job_id, job_name, namespace, status, trigger, lateness_ms, fires, raft_index, raft_pos,
        started_at,
        epoch_us(scheduled_time) AS fire_us,
        epoch_us(coalesce(started_at, scheduled_time)) AS began_us,
        epoch_us(CASE WHEN status = 'skipped' THEN coalesce(scheduled_until, scheduled_time)
                 ELSE completed_at END) AS over_us,
        CASE $by WHEN 'job' THEN job_id
                 WHEN 'namespace' THEN namespace
                 ELSE coalesce(json_extract_string(tags, $pointer), '') END AS lane
    FROM executions
    WHERE completed_at >= make_timestamp($since)
        AND coalesce(started_at, scheduled_time) < make_timestamp($until)
        AND ($namespace IS NULL OR namespace = $namespace)
        AND ($statuses IS NULL OR list_contains($statuses::VARCHAR[], status))
        AND ($q = '' OR contains(lower(namespace || '/' || job_name), lower($q)))
        AND ($tags = '{}' OR json_contains(tags, $tags))
        AND ($keys IS NULL OR list_has_all(json_keys(tags), $keys::VARCHAR[]))
),
runs AS (SELECT * FROM spans WHERE over_us >= $since)
