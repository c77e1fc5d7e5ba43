-- PARAMS: none
-- COLUMNS: encoding text, recovery boolean, read_only text, migrated boolean, user_name text, database text, history text, log_position text, backend integer
-- Which server and database a new connection reached. history and log_position as in pg_ping.sql; backend: the process of the
-- server, which is not the one that a pooler names.
SELECT current_setting('server_encoding') AS encoding, pg_is_in_recovery() AS recovery,
    current_setting('transaction_read_only') AS read_only, to_regclass('schema_version') IS NOT NULL AS migrated,
    current_user::text AS user_name, current_database()::text AS database,
    CASE WHEN pg_is_in_recovery() OR to_regclass('meta') IS NULL THEN ''
        ELSE left(pg_walfile_name(pg_current_wal_lsn()), 8) || ':' || to_regclass('meta')::oid END AS history,
    CASE WHEN pg_is_in_recovery() THEN 0 ELSE pg_current_wal_lsn() - '0/0'::pg_lsn END::text AS log_position,
    pg_backend_pid() AS backend;
