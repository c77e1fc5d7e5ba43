-- PARAMS: $1 rows jsonb
-- COLUMNS: message_id text, trace text, kind text, id bigint, created_at bigint, traceparent text
-- Makes messages of rows: [{id, message_id, text}, ...], text on the first row of a message only; there also thread_ts, and
-- update_ts, update_channel, update_text and updates (the id of a row) if it updates another message.
-- A row can be gone since it was read: deleted, or muted. The text of its message would still report it, or nothing would, if it
-- was the first. So the rows are locked first, and the rest of such a message comes with the next look.
WITH r AS (
    SELECT * FROM jsonb_to_recordset($1::jsonb) AS r (id bigint, message_id text, text text, thread_ts text,
        update_ts text, update_channel text, update_text text, updates bigint)),
locked AS MATERIALIZED (
    SELECT o.id FROM outbox o
    WHERE o.id IN (SELECT id FROM r) AND o.message_id IS NULL
    ORDER BY o.id FOR UPDATE),
whole AS MATERIALIZED (
    SELECT r.message_id FROM r LEFT JOIN locked l ON l.id = r.id
    GROUP BY r.message_id
    HAVING count(*) = count(l.id)),
updated AS (
    UPDATE outbox h SET message_text = r.update_text FROM r
    WHERE h.id = r.updates AND r.update_text IS NOT NULL
      AND r.message_id IN (SELECT message_id FROM whole))
UPDATE outbox o
SET message_id = r.message_id, message_text = r.text, thread_ts = coalesce(r.thread_ts, o.thread_ts),
    update_ts = r.update_ts, update_channel = r.update_channel, update_text = r.update_text
FROM r
WHERE o.id = r.id AND o.message_id IS NULL AND r.message_id IN (SELECT message_id FROM whole)
RETURNING o.message_id, o.trace, o.kind, o.id, ps_ms(o.created_at) AS created_at, o.traceparent;
