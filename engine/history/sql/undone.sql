-- The fire times of a job in [$since, $until) that were skipped, or whose runs all failed, as
-- stretches in microseconds, ascending.
WITH rows_of_job AS (
    SELECT
        status, trigger, epoch_us(scheduled_time) AS first_us,
        epoch_us(coalesce(scheduled_until, scheduled_time)) AS last_us
    FROM executions
    WHERE job_id = $job_id AND trigger IN ('schedule', 'backfill')
        AND coalesce(scheduled_until, scheduled_time) >= make_timestamp($since)
        AND scheduled_time < make_timestamp($until)
)
SELECT first_us, last_us
FROM rows_of_job AS undone
WHERE ((status = 'skipped' AND $skipped) OR (status IN ('failed', 'unknown') AND $failed))
    AND NOT EXISTS (
        SELECT 1 FROM rows_of_job AS done
        WHERE done.status = 'success' AND done.first_us = undone.first_us
            AND undone.first_us = undone.last_us
    )
ORDER BY first_us
LIMIT $most
