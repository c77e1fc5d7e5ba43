-- PARAMS: $1 number integer
-- COLUMNS: name text, outcome text, status integer, failure text, settled_at bigint
-- The last probes of a number that ended.
SELECT regexp_replace(url, '^.*/', '') AS name, outcome, status, failure_category AS failure, ps_ms(settled_at) AS settled_at
FROM probes WHERE number = $1 AND outcome IS NOT NULL
ORDER BY probes.settled_at DESC NULLS LAST LIMIT 12;
