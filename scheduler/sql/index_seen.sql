-- PARAMS: $1 etag text, $2 modified text
-- COLUMNS: index_version bigint
-- The index was downloaded, or is unchanged: begins a new version of it. Comes before papers_store.
UPDATE meta
SET index_etag = $1, index_modified = $2, index_fetched_at = now(), index_refused = NULL,
    index_version = index_version + 1
RETURNING index_version;
