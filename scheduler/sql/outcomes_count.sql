-- PARAMS: $1 cycle bigint
-- COLUMNS: outcome text, probes bigint, forbidden bigint
-- The ledger of a cycle as counts. A leader may have missed the answer to a transaction that was committed, so at the deadline
-- these counts replace its own.
SELECT outcome, count(*) AS probes, count(*) FILTER (WHERE outcome = 'miss' AND status = 403) AS forbidden
FROM probes
WHERE cycle = $1
GROUP BY outcome;
