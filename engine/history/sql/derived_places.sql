-- Where the executions of the entries above $after, up to $upto, stand.
SELECT hash(id) AS id_hash, raft_index, raft_pos
FROM executions
WHERE raft_index > $after AND raft_index <= $upto
