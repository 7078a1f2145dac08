-- The steps of attempts, unfolded from their traces: [kind, offset in microseconds, detail].
SELECT
    execution_id,
    job_id,
    attempt,
    step,
    json_extract_string(fields, '$[0]') AS kind,
    started_at + to_microseconds(json_extract(fields, '$[1]')::BIGINT) AS happened_at,
    json_extract(fields, '$[1]')::BIGINT / 1000 AS offset_ms,
    json_extract(fields, '$[2]') AS detail,
    d
FROM (
    SELECT execution_id, job_id, attempt, started_at, d,
        unnest(from_json(trace, '["JSON"]')) AS fields,
        generate_subscripts(from_json(trace, '["JSON"]'), 1) AS step
    FROM attempts
)
