-- PARAMS: $1 cycle bigint
-- COLUMNS: none
-- Every end of a cycle prunes, a failed one too: otherwise days without the index would keep all probes.
DELETE FROM probes
WHERE cycle <= $1;
