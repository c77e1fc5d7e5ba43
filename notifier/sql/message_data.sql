-- PARAMS: $1 message_id text
-- COLUMNS: data jsonb
-- The facts that a message reports, as a webhook sends them.
SELECT data FROM outbox WHERE message_id = $1 ORDER BY id LIMIT 500;
