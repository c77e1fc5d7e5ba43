-- PARAMS: $1 redis_run_id text
-- COLUMNS: generation bigint
-- Redis lost what it held: begins a new generation. NULL: the process that was filled is not known.
UPDATE meta
SET generation = generation + 1, redis_run_id = coalesce($1, redis_run_id)
RETURNING generation;
