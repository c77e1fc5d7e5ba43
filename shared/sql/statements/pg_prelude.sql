-- PARAMS: $1 statement_timeout text, $2 lock_timeout text
-- COLUMNS: none
-- The first statement of every transaction: its settings (times in milliseconds). The third argument: until the transaction's end.
-- A SET would stay on the server connection that a pooler gives to another client next.
SELECT set_config('TimeZone', 'UTC', true), set_config('statement_timeout', $1, true), set_config('lock_timeout', $2, true);
