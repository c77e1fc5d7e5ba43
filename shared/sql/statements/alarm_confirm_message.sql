-- PARAMS: $1 message_id text
-- COLUMNS: none
-- The alert that waits in the outbox under this message id was delivered by another route.
UPDATE alarms SET confirmed_at = now()
WHERE cleared_at IS NULL AND message_key IN (SELECT dedupe_key FROM outbox WHERE message_id = $1);
