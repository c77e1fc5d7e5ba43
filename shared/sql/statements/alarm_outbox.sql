-- PARAMS: $1 incident text, $2 kind text, $3 channel text, $4 data jsonb
-- COLUMNS: none
-- If this transaction claimed or ended the alarm: its outbox row, below the first message of the incident.
INSERT INTO outbox (dedupe_key, kind, channel, data, thread_ts)
SELECT message_key, $2, $3, $4::jsonb, slack_ts FROM alarms
WHERE incident = $1 AND message_key IS NOT NULL AND (told_at = now() OR cleared_at = now())
ON CONFLICT (dedupe_key) DO NOTHING;
