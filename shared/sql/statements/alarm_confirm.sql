-- PARAMS: $1 incident text, $2 slack_ts text, $3 slack_channel text
-- COLUMNS: none
-- An alert without an outbox row was delivered, under these names of Slack ("": unknown).
UPDATE alarms
SET confirmed_at = now(), slack_ts = coalesce(slack_ts, nullif($2, '')), slack_channel = coalesce(slack_channel, nullif($3, ''))
WHERE incident = $1 AND cleared_at IS NULL;
