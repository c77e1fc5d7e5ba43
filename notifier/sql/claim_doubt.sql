-- PARAMS: $1 message_id text, $2 instance text
-- COLUMNS: none
-- Instance may have sent this message. Another notifier may claim it at once, but learns that it was claimed before, and looks for
-- the message in the channel before it sends.
UPDATE outbox SET claimed_at = '-infinity'
WHERE message_id = $1 AND claimed_by = $2 AND sent_at IS NULL;
