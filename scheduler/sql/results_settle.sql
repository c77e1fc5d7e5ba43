-- PARAMS: $1 results jsonb
-- COLUMNS: cycle bigint, position integer, outcome text, status integer
-- Puts results into the ledger: [{task, url, outcome, status, category, attempts, latency, worker}, ...]. A result arrives at
-- least once; it counts once, because only an open probe takes it (guarantee 3). Answers the probes that were open.
UPDATE probes p
SET outcome = r.outcome, status = r.status, failure_category = r.category, attempts = r.attempts,
    latency_ms = r.latency, worker = r.worker, settled_at = now()
FROM jsonb_to_recordset($1::jsonb) AS r (task text, url text, outcome text, status integer, category text,
    attempts integer, latency bigint, worker text)
WHERE p.task = r.task AND p.url = r.url AND p.outcome IS NULL
RETURNING p.cycle, p.position, p.outcome, p.status;
