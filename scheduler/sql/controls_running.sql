-- PARAMS: none
-- COLUMNS: url text, kind text, outcome text
-- The controls and rechecks of the running cycle; outcome NULL: open.
SELECT c.url, c.kind, c.outcome
FROM controls c
  JOIN cycles ON number = c.cycle
WHERE status = 'running'
ORDER BY c.kind, c.url;
