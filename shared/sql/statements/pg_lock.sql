-- PARAMS: none
-- COLUMNS: none
-- The advisory lock of a migration: the same number as in every version before, so that programs of two versions wait for each other.
SELECT pg_advisory_xact_lock(7881170011);
