-- PARAMS: $1 message_id text, $2 channel text, $3 created_ms bigint, $4 requeue boolean
-- COLUMNS: none
-- A message that was given up may be sent again. requeue: Redis has lost its copy, so the leader queues it again. The message is
-- named as in claim_take.sql.
UPDATE outbox
SET dead_at = NULL, dead_reason = NULL, dead_dropped_at = NULL, claimed_by = NULL, claimed_at = NULL,
    queued_at = CASE WHEN $4::boolean THEN NULL ELSE queued_at END
WHERE message_id = $1 AND sent_at IS NULL AND EXISTS (
    SELECT FROM outbox head
    WHERE head.message_id = $1 AND head.channel = $2
      AND ($3::bigint = 0 OR abs(ps_ms(head.created_at) - $3::bigint) < 60000));
