-- PARAMS: none
-- COLUMNS: was_paused integer
-- Ends the pause. Answers one row if there was one.
UPDATE meta
SET probing_paused_at = NULL, probing_paused_why = NULL
WHERE probing_paused_at IS NOT NULL
RETURNING 1 AS was_paused;
