-- PARAMS: $1 known bigint
-- COLUMNS: id text, type text, title text, author text, date text, subgroup text, link text, long_link text, status text
-- Entries of the index that are newer than the version that the caller holds (-1: none). A database that was put back to an older
-- state is read in full.
SELECT id, type, title, author, date, subgroup, link, long_link, status
FROM papers
WHERE version > $1::bigint OR $1::bigint > (SELECT index_version FROM meta);
