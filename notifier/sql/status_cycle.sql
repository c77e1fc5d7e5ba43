-- PARAMS: none
-- COLUMNS: number bigint, status text, started_at bigint, planned integer, interval_seconds text, probing boolean, alert_hours text
-- The newest cycle, with the settings of the leader that planned it (NULL: a version that did not store them).
SELECT number, status, ps_ms(started_at) AS started_at, planned, settings->>'poll_interval_seconds' AS interval_seconds,
    settings->>'iso_probe_enabled' = 'true' AS probing, settings->>'alert_modified_hours' AS alert_hours
FROM cycles ORDER BY number DESC LIMIT 1;
