-- PARAMS: $1 message_id text, $2 channel text, $3 created_ms bigint, $4 reason text
-- COLUMNS: none
-- Gives a message up. It is named as in claim_take.sql.
UPDATE outbox SET dead_at = now(), dead_reason = $4
WHERE message_id = $1 AND sent_at IS NULL AND EXISTS (
    SELECT FROM outbox head
    WHERE head.message_id = $1 AND head.channel = $2
      AND ($3::bigint = 0 OR abs(ps_ms(head.created_at) - $3::bigint) < 60000));
