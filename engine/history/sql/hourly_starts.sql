-- Scheduled runs that began in [$since, $until), by hour since the epoch.
SELECT epoch_us(scheduled_time) // 3600000000 AS hour, count(*) AS starts
FROM executions
WHERE trigger = 'schedule' AND status <> 'skipped'
    AND scheduled_time >= make_timestamp($since) AND scheduled_time < make_timestamp($until)
GROUP BY hour
ORDER BY hour
