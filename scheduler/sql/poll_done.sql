-- PARAMS: $1 good boolean
-- COLUMNS: none
-- Counts a poll; a good one is the newest success.
UPDATE meta
SET poll_count = poll_count + 1, last_successful_poll = CASE WHEN $1 THEN now() ELSE last_successful_poll END;
