-- PARAMS: $1 version bigint, $2 id text, $3 most bigint
-- COLUMNS: id text, title text, author text, subgroup text, date text, type text, link text, found_ms bigint, version bigint
-- The papers that follow the one of that version and id: the next slice for the library.
SELECT id, title, author, subgroup, date, type, link, ps_ms(first_seen_at) AS found_ms, version
FROM papers
WHERE (version, id) > ($1::bigint, $2::text)
ORDER BY version, id
LIMIT $3::bigint;
