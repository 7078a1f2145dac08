-- The versions of one job, newest first; being switched or deleted makes none.
SELECT job_id, version, config, epoch_us(recorded_at), changed_by, comment
FROM job_versions
WHERE job_id = $job_id AND change IN ('created', 'updated')
    AND ($version IS NULL OR version = $version)
ORDER BY version DESC
