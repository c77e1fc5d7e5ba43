-- PARAMS: $1 cycle bigint, $2 settings jsonb
-- COLUMNS: none
-- The settings that a cycle is run with and that people are shown later (explain, history).
UPDATE cycles
SET settings = $2::jsonb
WHERE number = $1;
