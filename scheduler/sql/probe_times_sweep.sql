-- PARAMS: none
-- COLUMNS: none
-- Removes names that are no candidates any more.
DELETE FROM probe_times
WHERE asked_at < now() - interval '7 days';
