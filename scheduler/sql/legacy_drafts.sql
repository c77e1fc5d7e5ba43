-- PARAMS: none
-- COLUMNS: url text, last_modified text, discovered_at bigint
-- The drafts that the Python service found; last_modified as HTTP writes it.
SELECT url, to_char(to_timestamp(last_modified) AT TIME ZONE 'UTC', 'Dy, DD Mon YYYY HH24:MI:SS "GMT"') AS last_modified,
    (discovered_at * 1000)::bigint AS discovered_at
FROM discovered_urls ORDER BY discovered_urls.discovered_at, url;
