-- PARAMS: $1 cycle bigint
-- COLUMNS: none
-- All hot probes have ended and the controls hold: what the cycle found so far may be bundled into messages.
UPDATE cycles
SET hot_done = true
WHERE number = $1 AND status = 'running';
