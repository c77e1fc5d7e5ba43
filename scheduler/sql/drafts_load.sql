-- PARAMS: none
-- COLUMNS: url text, discovered_at bigint, last_modified text
-- Every draft that was found.
SELECT url, ps_ms(discovered_at) AS discovered_at, last_modified
FROM discovered
ORDER BY discovered_at, url;
