-- PARAMS: $1 index_fetched bigint, $2 last_poll bigint
-- COLUMNS: none
-- The state of the Python service, where this database has none of its own.
UPDATE meta
SET index_fetched_at = coalesce(index_fetched_at, ps_time(nullif($1::bigint, 0))),
    last_successful_poll = coalesce(last_successful_poll, ps_time(nullif($2::bigint, 0)));
