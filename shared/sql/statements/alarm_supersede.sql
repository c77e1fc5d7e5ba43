-- PARAMS: $1 incident text
-- COLUMNS: none
-- If this transaction claimed or ended the alarm: its messages that still wait in the outbox are not sent any more, so that people
-- read the newest one and no backlog.
UPDATE outbox SET sent_at = now()
WHERE dedupe_key LIKE 'alarm:' || $1 || ':%' AND sent_at IS NULL AND dead_at IS NULL
  AND EXISTS (SELECT FROM alarms WHERE incident = $1 AND (told_at = now() OR cleared_at = now()));
