-- The changes of one job up to $at (microseconds) and the first one after it, the newest first.
SELECT change, version, changed_by, comment, epoch_us(recorded_at) AS at_us, config
FROM job_versions
WHERE job_id = $job_id
    AND raft_index <= coalesce(
        (SELECT min(raft_index) FROM job_versions
         WHERE job_id = $job_id AND recorded_at > make_timestamp($at)),
        9223372036854775807)
ORDER BY raft_index DESC, raft_pos DESC
