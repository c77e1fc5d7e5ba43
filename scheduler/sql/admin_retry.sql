-- PARAMS: $1 message_id text
-- COLUMNS: none
-- An operator sends a dead letter again: the leader queues it as if it were new.
UPDATE outbox SET dead_at = NULL, dead_reason = NULL, claimed_by = NULL, claimed_at = NULL, queued_at = NULL
WHERE message_id = $1 AND sent_at IS NULL AND dead_at IS NOT NULL AND dead_dropped_at IS NULL;
