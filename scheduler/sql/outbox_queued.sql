-- PARAMS: $1 message_ids jsonb
-- COLUMNS: none
-- These messages are in the list: ["o1", ...].
UPDATE outbox
SET queued_at = now()
WHERE message_id IN (SELECT jsonb_array_elements_text($1::jsonb)) AND queued_at IS NULL;
