-- PARAMS: $1 incident text
-- COLUMNS: none
-- If this transaction moved the record: messages of the incident that wait in the outbox are older than what people were told meanwhile,
-- and are not sent any more.
UPDATE outbox SET sent_at = now()
WHERE dedupe_key LIKE 'alarm:' || $1 || ':%' AND sent_at IS NULL AND dead_at IS NULL
  AND EXISTS (SELECT FROM alarms WHERE incident = $1 AND seen_at = now() AND cleared_at IS NULL AND message_key IS NULL);
