-- The latest reports that these jobs wrote; the response says which report it was.
SELECT
    id, job_id, namespace || '/' || job_name AS job,
    epoch_us(scheduled_time) AS scheduled_us, epoch_us(completed_at) AS completed_us, response
FROM executions
WHERE list_contains($jobs::VARCHAR[], job_id) AND status = 'success' AND method = 'WRITE'
ORDER BY completed_at DESC
LIMIT $most
