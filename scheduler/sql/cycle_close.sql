-- PARAMS: $1 cycle bigint, $2 status text, $3 summary jsonb, $4 error text, $5 disbelieved boolean, $6 cause text
-- COLUMNS: none
-- Closes a cycle with its summary and its errors by category.
UPDATE cycles
SET status = $2, finished_at = now(), summary = $3::jsonb, error = $4, disbelieved = $5::boolean, cause = $6,
    failures = (SELECT jsonb_object_agg(category, n) FROM (
        SELECT COALESCE(failure_category, 'UNKNOWN') AS category, count(*) AS n FROM probes
        WHERE cycle = $1 AND outcome = 'error'
        GROUP BY 1) AS counts)
WHERE number = $1 AND status = 'running';
