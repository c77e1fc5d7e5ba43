-- PARAMS: $1 message_id text
-- COLUMNS: none
-- An operator drops a dead letter: it is listed nowhere any more, and it is never sent.
UPDATE outbox SET dead_dropped_at = now()
WHERE message_id = $1 AND sent_at IS NULL AND dead_at IS NOT NULL AND dead_dropped_at IS NULL;
