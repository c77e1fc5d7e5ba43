-- PARAMS: $1 cycle bigint
-- COLUMNS: none
-- Takes the announcements of such a cycle back. Those that come from the index stay.
DELETE FROM outbox
WHERE cycle = $1 AND message_id IS NULL AND trace NOT LIKE 'poll:%';
