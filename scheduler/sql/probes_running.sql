-- PARAMS: none
-- COLUMNS: url text, tier text, prefix text, number integer, revision integer, ext text, outcome text, status integer
-- The ledger of the running cycle by position; outcome NULL: open.
SELECT url, tier, prefix, number, revision, ext, outcome, status
FROM probes
WHERE cycle = (SELECT number FROM cycles WHERE status = 'running')
ORDER BY position;
