-- PARAMS: $1 number integer
-- COLUMNS: cycle bigint, url text, outcome text, status integer, settled_at bigint, failure_category text
-- The newest probes of a number.
SELECT cycle, url, outcome, status, ps_ms(settled_at) AS settled_at, failure_category
FROM probes
WHERE number = $1 AND outcome IS NOT NULL
ORDER BY cycle DESC, position
LIMIT 10;
