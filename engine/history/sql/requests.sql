-- What these versions of these jobs send, and in which zone; keys are job_id and version, joined by a slash.
SELECT job_id, version, config->'webhook', config->>'timezone'
FROM job_versions
WHERE change IN ('created', 'updated')
    AND job_id IN (SELECT unnest($job_ids)) AND (job_id || '/' || version) IN (SELECT unnest($keys))
