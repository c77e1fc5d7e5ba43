-- PARAMS: none
-- COLUMNS: none
-- A poll ended without a cycle that could be run.
UPDATE meta
SET poll_count = poll_count + 1;
