-- The clocks that the versions of jobs are read on. Their documents are looked into here only, and
-- only where there are runs, of which the first was due at $first.
CREATE OR REPLACE TEMP TABLE clocks AS
SELECT job_id, version AS job_version, any_value(config->>'timezone') AS zone
FROM job_versions
WHERE change IN ('created', 'updated') AND ($job_id IS NULL OR job_id = $job_id)
    AND $first::BIGINT IS NOT NULL
GROUP BY ALL
