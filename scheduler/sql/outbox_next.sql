-- PARAMS: none
-- COLUMNS: due_ms bigint
-- In how many milliseconds the next row that a snooze or a digest holds back is due; NULL when none is held. Until then, or
-- until somebody signals a new row, the relay need not look.
SELECT (extract(epoch FROM min(held_until) - now()) * 1000)::bigint AS due_ms
FROM outbox
WHERE message_id IS NULL AND held_until > now() AND held_until < 'infinity';
