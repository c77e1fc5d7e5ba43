-- PARAMS: $1 papers jsonb
-- COLUMNS: none
-- Entries of the index from the Python service's cache. What is stored already stays.
INSERT INTO papers (id, type, title, author, date, subgroup, link, long_link, status, version)
SELECT id, type, title, author, date, subgroup, link, long_link, status, (SELECT index_version FROM meta)
FROM jsonb_to_recordset($1::jsonb) AS r (id text, type text, title text, author text, date text, subgroup text,
    link text, long_link text, status text)
ON CONFLICT (id) DO NOTHING;
