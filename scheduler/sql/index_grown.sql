-- PARAMS: none
-- COLUMNS: index_version bigint
-- Papers come from elsewhere than the index: begins a new version without saying that the index was read.
UPDATE meta
SET index_version = index_version + 1
RETURNING index_version;
