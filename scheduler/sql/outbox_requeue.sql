-- PARAMS: none
-- COLUMNS: none
-- Redis lost what it held: messages that were queued and not sent are queued again.
UPDATE outbox
SET queued_at = NULL
WHERE queued_at IS NOT NULL AND sent_at IS NULL AND dead_at IS NULL;
