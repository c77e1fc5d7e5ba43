-- PARAMS: $1 most bigint
-- COLUMNS: number bigint, epoch bigint, status text, started_at bigint, finished_at bigint, planned integer, error text, summary jsonb, cause text, failures jsonb
-- The newest cycles, running or closed.
SELECT number, epoch, status, ps_ms(started_at) AS started_at, ps_ms(finished_at) AS finished_at, planned,
    error, summary, cause, failures
FROM cycles
ORDER BY number DESC
LIMIT $1;
