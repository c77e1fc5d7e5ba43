-- PARAMS: $1 cycle bigint
-- COLUMNS: none
-- A control failed: what the cycle seemed to find is probed again in the next one.
DELETE FROM discovered
WHERE cycle = $1;
