-- PARAMS: none
-- COLUMNS: none
-- Gives entries that an older notifier stored as authors their meaning.
SELECT ps_watch_repair();
