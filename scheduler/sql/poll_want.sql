-- PARAMS: none
-- COLUMNS: poll_wanted_at bigint
-- Asks the leader for a poll at once.
UPDATE meta
SET poll_wanted_at = now()
RETURNING ps_ms(poll_wanted_at) AS poll_wanted_at;
