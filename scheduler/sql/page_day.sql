-- PARAMS: $1 known bigint
-- COLUMNS: number bigint, status text, started_at bigint, finished_at bigint, summary jsonb, failures jsonb
-- Closed cycles of the last day that are newer than the caller knows.
SELECT number, status, ps_ms(started_at) AS started_at, ps_ms(finished_at) AS finished_at, summary, failures
FROM cycles
WHERE number > $1 AND status <> 'running' AND started_at > now() - interval '1 day'
ORDER BY number;
