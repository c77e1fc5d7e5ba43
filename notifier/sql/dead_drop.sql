-- PARAMS: $1 message_id text, $2 channel text, $3 created_ms bigint
-- COLUMNS: none
-- An operator dropped a dead letter: it is listed nowhere any more, and it is never sent. The message is named as in claim_take.sql.
UPDATE outbox SET dead_dropped_at = now()
WHERE message_id = $1 AND sent_at IS NULL AND dead_at IS NOT NULL AND EXISTS (
    SELECT FROM outbox head
    WHERE head.message_id = $1 AND head.channel = $2
      AND ($3::bigint = 0 OR abs(ps_ms(head.created_at) - $3::bigint) < 60000));
