-- PARAMS: none
-- COLUMNS: none
-- The poll that begins in this transaction is the one that was asked for. Needs fence_meta.
UPDATE meta
SET poll_wanted_at = NULL
WHERE poll_wanted_at IS NOT NULL;
