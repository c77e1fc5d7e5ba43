-- PARAMS: none
-- COLUMNS: none
-- Begins a new version of the index, so that standbys read what was imported.
UPDATE meta
SET index_version = index_version + 1;
