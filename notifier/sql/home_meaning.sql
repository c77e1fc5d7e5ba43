-- PARAMS: $1 pattern text, $2 numbered boolean, $3 user_id text, $4 entry text
-- COLUMNS: title text, author text, papers bigint, drafts bigint, watched boolean
-- The meaning of a typed entry: the newest paper of the ids that match pattern, how many papers and drafts there are, and whether the
-- person watches the entry. numbered false: the entry is no number, so no paper is searched.
WITH found AS (
    SELECT title, author, date, id FROM papers WHERE id ~ $1 AND $2)
SELECT coalesce((SELECT title FROM found ORDER BY date DESC, id DESC LIMIT 1), '') AS title,
    coalesce((SELECT author FROM found ORDER BY date DESC, id DESC LIMIT 1), '') AS author,
    (SELECT count(*) FROM found) AS papers,
    (SELECT count(DISTINCT paper_id) FROM discovered WHERE paper_id ~ $1 AND $2) AS drafts,
    EXISTS (SELECT FROM watchlist WHERE user_id = $3 AND entry = $4) AS watched;
