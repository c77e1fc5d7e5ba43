-- What RETENTION_DAYS lets go, in slices that the leader asks for one by one: each is a transaction of its own, and touches so many rows at most.
CREATE INDEX outbox_texts ON outbox (created_at) WHERE message_text IS NOT NULL;
CREATE INDEX outbox_once ON outbox (created_at) WHERE kind IN ('reply', 'manual', 'ops_alert', 'ops_recovery', 'startup');

-- The outbox. A row about a paper or a draft keeps its dedupe key, or the same news would be told again when the paper's entry changes, and
-- its data, which answers "why": only its text goes. All else goes whole, but for what the state of an alarm still points to. A dead letter
-- that old counts as dropped.
CREATE FUNCTION ps_prune_outbox(days integer, most integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    cutoff timestamptz := now() - make_interval(days => days);
    gone integer;
    emptied integer;
BEGIN
    DELETE FROM outbox WHERE id IN (
        SELECT id FROM outbox o WHERE created_at < cutoff AND kind IN ('reply', 'manual', 'ops_alert', 'ops_recovery', 'startup')
            AND coalesce(sent_at, dead_at) < cutoff AND NOT EXISTS (SELECT FROM alarms a WHERE a.message_key = o.dedupe_key)
        ORDER BY created_at LIMIT most FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS gone = ROW_COUNT;
    UPDATE outbox SET message_text = NULL, update_text = NULL,
            dead_dropped_at = CASE WHEN sent_at IS NULL THEN coalesce(dead_dropped_at, now()) ELSE dead_dropped_at END
        WHERE id IN (
            SELECT id FROM outbox o WHERE created_at < cutoff AND message_text IS NOT NULL
                AND kind NOT IN ('reply', 'manual', 'ops_alert', 'ops_recovery', 'startup') AND coalesce(sent_at, dead_at) < cutoff
            ORDER BY created_at LIMIT most - gone FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS emptied = ROW_COUNT;
    RETURN gone + emptied;
END $$;

-- Cycles, with their controls and what is left of their probes. The newest 288 stay, however old: their probes are still there, and one of them may
-- be the last good one.
CREATE FUNCTION ps_prune_cycles(days integer, most integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE gone integer;
BEGIN
    DELETE FROM cycles WHERE number IN (
        SELECT number FROM cycles WHERE finished_at < now() - make_interval(days => days)
            AND number <= (SELECT max(number) FROM cycles) - 288
        ORDER BY number LIMIT most);
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;
