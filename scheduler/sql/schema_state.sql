-- PARAMS: none
-- COLUMNS: migrations bigint, newest text
-- The state of the schema.
SELECT count(*) AS migrations, max(name) AS newest
FROM schema_version;
