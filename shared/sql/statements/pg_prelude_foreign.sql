-- PARAMS: $1 statement_timeout text, $2 lock_timeout text
-- COLUMNS: none
-- As pg_prelude.sql, for a database that is not ours: nothing may be written there.
SELECT set_config('TimeZone', 'UTC', true), set_config('statement_timeout', $1, true), set_config('lock_timeout', $2, true),
    set_config('transaction_read_only', 'on', true);
