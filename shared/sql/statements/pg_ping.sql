-- PARAMS: none
-- COLUMNS: refuses_writes boolean, history text, log_position text
-- Is the server still the one that it was? history: the time line and the object id of meta; log_position: how far its log is. A
-- restored or failed-over server has another history, or is not as far as it was.
SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean AS refuses_writes,
    CASE WHEN pg_is_in_recovery() OR to_regclass('meta') IS NULL THEN ''
        ELSE left(pg_walfile_name(pg_current_wal_lsn()), 8) || ':' || to_regclass('meta')::oid END AS history,
    CASE WHEN pg_is_in_recovery() THEN 0 ELSE pg_current_wal_lsn() - '0/0'::pg_lsn END::text AS log_position;
