-- PARAMS: $1 cycle bigint, $2 first integer
-- COLUMNS: position integer
-- Leaves out the open probes at a position and above: they count as deferred. Answers their positions.
UPDATE probes
SET outcome = 'deferred', attempts = 0, settled_at = now()
WHERE cycle = $1 AND position >= $2 AND outcome IS NULL
RETURNING position;
