-- PARAMS: none
-- COLUMNS: name text
-- The migrations that are applied.
SELECT name FROM schema_version;
