-- PARAMS: $1 most bigint
-- COLUMNS: id text, type text, title text, author text, date text, subgroup text, link text, first_seen_at bigint
-- The latest papers.
SELECT id, type, title, author, date, subgroup, coalesce(nullif(link, ''), nullif(long_link, ''),
    'https://wg21.link/' || id) AS link, ps_ms(first_seen_at) AS first_seen_at
FROM papers
ORDER BY first_seen_at DESC, date DESC, id DESC
LIMIT $1;
