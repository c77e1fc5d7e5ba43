-- PARAMS: none
-- COLUMNS: number bigint, epoch bigint, status text, started_at bigint, finished_at bigint, deadline bigint, planned integer, error text
-- The newest cycle, for the status page.
SELECT number, epoch, status, ps_ms(started_at) AS started_at, ps_ms(finished_at) AS finished_at,
    ps_ms(deadline) AS deadline, planned, error
FROM cycles
ORDER BY number DESC
LIMIT 1;
