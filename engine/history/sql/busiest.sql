-- The jobs of which scheduled runs ended in [$since, $until), those with the most first.
SELECT job_id
FROM executions
WHERE trigger = 'schedule' AND status IN ('success', 'failed', 'unknown')
    AND scheduled_time >= make_timestamp($since) AND scheduled_time < make_timestamp($until)
GROUP BY job_id
ORDER BY count(*) DESC, job_id
