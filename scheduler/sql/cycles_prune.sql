-- PARAMS: $1 number bigint
-- COLUMNS: none
-- See probes_prune.
DELETE FROM cycles
WHERE number <= $1;
