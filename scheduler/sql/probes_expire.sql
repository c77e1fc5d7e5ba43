-- PARAMS: $1 cycle bigint
-- COLUMNS: position integer
-- At the deadline open probes become errors. Answers their positions.
UPDATE probes
SET outcome = 'error', failure_category = 'TIMEOUT', attempts = 0, settled_at = now()
WHERE cycle = $1 AND outcome IS NULL
RETURNING position;
