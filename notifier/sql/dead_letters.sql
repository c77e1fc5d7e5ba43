-- PARAMS: none
-- COLUMNS: id text, kind text, channel text, text text, thread_ts text, created_at bigint, trace text, reason text, dead_at bigint
-- The dead letters, the oldest first; one row for each message.
SELECT message_id AS id, kind, channel, message_text AS text, thread_ts, ps_ms(created_at) AS created_at, trace,
    dead_reason AS reason, ps_ms(dead_at) AS dead_at
FROM outbox
WHERE dead_at IS NOT NULL AND dead_dropped_at IS NULL AND sent_at IS NULL AND message_text IS NOT NULL
ORDER BY outbox.dead_at, outbox.id LIMIT 10000;
