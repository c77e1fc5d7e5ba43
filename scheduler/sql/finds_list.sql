-- PARAMS: $1 since bigint, $2 limit bigint
-- COLUMNS: at bigint, kind text, id text, title text, authors text, subgroup text, link text, last_modified text, cycle bigint
-- What was found since then, the newest first: drafts that the fleet announced and papers that are new in the index. The papers of
-- the first snapshot all have the time of its transaction; they are not new. A draft whose document was not read has the title and
-- the authors that the index gives for its number.
WITH draft AS (
    SELECT discovered_at AS at, 'draft' AS kind, paper_id AS id, title, authors, url, last_modified, cycle,
        substring(paper_id FROM '^[A-Z]([0-9]+)R') AS number
    FROM discovered WHERE discovered_at > ps_time($1::bigint) AND outcome <> 'hit_old'
    ORDER BY discovered_at DESC, url LIMIT $2::bigint),
latest AS (
    SELECT DISTINCT ON (number) number, title, author, subgroup FROM (
        SELECT ltrim(substring(id FROM '^P([0-9]+)R'), '0') AS number, substring(id FROM '[0-9]+$')::integer AS revision,
            title, author, subgroup
        FROM papers WHERE id ~ '^P[0-9]{1,9}R[0-9]{1,9}$') p
    WHERE number IN (SELECT ltrim(number, '0') FROM draft)
    ORDER BY number, revision DESC),
paper AS (
    SELECT first_seen_at AS at, 'paper' AS kind, id, title, author AS authors, subgroup,
        coalesce(nullif(link, ''), nullif(long_link, ''), 'https://wg21.link/' || id) AS url
    FROM papers WHERE first_seen_at > greatest(ps_time($1::bigint), (SELECT min(first_seen_at) FROM papers))
    ORDER BY first_seen_at DESC, date DESC, id DESC LIMIT $2::bigint)
SELECT ps_ms(at) AS at, kind, id, title, authors, subgroup, url AS link, last_modified, cycle FROM (
    SELECT d.at, d.kind, d.id, coalesce(d.title, l.title) AS title, coalesce(d.authors, nullif(l.author, '')) AS authors,
        l.subgroup, d.url, d.last_modified, d.cycle
    FROM draft d LEFT JOIN latest l ON l.number = ltrim(d.number, '0')
    UNION ALL
    SELECT at, kind, id, title, nullif(authors, ''), nullif(subgroup, ''), url, NULL, NULL FROM paper) f
ORDER BY f.at DESC, id DESC, url DESC LIMIT $2::bigint;
