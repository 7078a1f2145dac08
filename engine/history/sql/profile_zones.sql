-- The clocks that the versions of jobs were read on.
SELECT DISTINCT config->>'timezone'
FROM job_versions
WHERE change IN ('created', 'updated') AND ($job_id IS NULL OR job_id = $job_id)
    AND config->>'timezone' IS NOT NULL
