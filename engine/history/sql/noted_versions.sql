-- Versions whose comment begins with $prefix, the newest first.
SELECT job_id, job_name, namespace, version, epoch_us(recorded_at), changed_by, comment
FROM job_versions
WHERE change = 'updated' AND starts_with(comment, $prefix)
ORDER BY raft_index DESC, raft_pos DESC
LIMIT $most
