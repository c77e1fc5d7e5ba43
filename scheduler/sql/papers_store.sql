-- PARAMS: $1 papers jsonb
-- COLUMNS: none
-- Stores the entries of the index that are new or have changed, under the version that index_seen or index_grown has just
-- given. Standbys read what is newer than their copy by that version.
INSERT INTO papers (id, type, title, author, date, subgroup, link, long_link, status, version)
SELECT id, type, title, author, date, subgroup, link, long_link, status, (SELECT index_version FROM meta)
FROM jsonb_to_recordset($1::jsonb) AS r (id text, type text, title text, author text, date text, subgroup text,
    link text, long_link text, status text)
ON CONFLICT (id) DO UPDATE SET type = excluded.type, title = excluded.title, author = excluded.author,
    date = excluded.date, subgroup = excluded.subgroup, link = excluded.link, long_link = excluded.long_link,
    status = excluded.status, changed_at = now(), version = excluded.version;
