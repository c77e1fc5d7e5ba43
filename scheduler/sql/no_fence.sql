-- PARAMS: none
-- COLUMNS: none
-- Stands where the fence would, so that statements of a reader that does not lead have the same numbers.
SELECT 1 AS nothing;
