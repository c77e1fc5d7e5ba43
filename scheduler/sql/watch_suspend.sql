-- PARAMS: $1 user_id text, $2 pattern text, $3 message text
-- COLUMNS: none
-- Suspends a pattern that used up its time, and adds a message to its owner. Changes nothing if it is suspended already.
SELECT ps_watch_suspend($1, $2, $3) AS suspended;
