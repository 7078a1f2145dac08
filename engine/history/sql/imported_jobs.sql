-- Jobs of imported executions, with the label of the import: each id in $jobs, or $name as
-- namespace/name, the one imported last first.
SELECT job_id, namespace, job_name, substr(node_id, 8) AS label
FROM executions
WHERE node_id LIKE 'import:%'
    AND (list_contains($jobs, job_id) OR namespace || '/' || job_name = $name)
GROUP BY job_id, namespace, job_name, label
ORDER BY max(raft_index) DESC
