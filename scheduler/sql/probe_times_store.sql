-- PARAMS: $1 cycle bigint
-- COLUMNS: none
-- Before the close of an adaptive cycle that is believed: what the site answered for counts as asked when the cycle started.
INSERT INTO probe_times (number, revision, prefix, ext, asked_at)
SELECT p.number, p.revision, p.prefix, p.ext, c.started_at
FROM probes p
  JOIN cycles c ON c.number = p.cycle
WHERE p.cycle = $1 AND p.outcome NOT IN ('error', 'deferred')
ON CONFLICT (number, revision, prefix, ext) DO UPDATE SET asked_at = excluded.asked_at;
