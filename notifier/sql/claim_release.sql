-- PARAMS: $1 message_id text, $2 instance text
-- COLUMNS: none
-- Instance sends nothing of this message; another notifier may claim it at once.
UPDATE outbox SET claimed_by = NULL, claimed_at = NULL
WHERE message_id = $1 AND claimed_by = $2 AND sent_at IS NULL;
