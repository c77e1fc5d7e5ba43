-- PARAMS: none
-- COLUMNS: alert_hours text
-- ALERT_MODIFIED_HOURS as the leader has it: a draft older than that is recorded and not announced.
SELECT settings->>'alert_modified_hours' AS alert_hours FROM cycles
WHERE settings IS NOT NULL ORDER BY number DESC LIMIT 1;
