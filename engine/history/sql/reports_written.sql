-- How many reports these jobs wrote, in every row, and the latest of those before a place; the
-- response says which report it was. Without any there is one row of nulls beside the number.
WITH written AS (
    SELECT
        id, job_id, namespace || '/' || job_name AS job,
        epoch_us(scheduled_time) AS scheduled_us, epoch_us(completed_at) AS completed_us, response
    FROM executions
    WHERE list_contains($jobs::VARCHAR[], job_id) AND status = 'success' AND method = 'WRITE'
)
SELECT counted.total, page.*
FROM (SELECT count(*) AS total FROM written) counted
LEFT JOIN (
    SELECT * FROM written
    WHERE (completed_us, id) < ($before_us::BIGINT, $before_id::VARCHAR)
    ORDER BY completed_us DESC, id DESC
    LIMIT $most
) page ON true
ORDER BY completed_us DESC, id DESC
