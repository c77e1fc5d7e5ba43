-- PARAMS: $1 cycle bigint, $2 probes jsonb
-- COLUMNS: none
-- The plan of a cycle, in the order of publishing: [{position, url, file, tier, prefix, number, revision, ext}, ...].
INSERT INTO probes (cycle, position, task, url, tier, prefix, number, revision, ext)
SELECT $1::bigint, position, $1 || ':' || file, url, tier, prefix, number, revision, ext
FROM jsonb_to_recordset($2::jsonb) AS r (position integer, url text, file text, tier text, prefix text,
    number integer, revision integer, ext text);
