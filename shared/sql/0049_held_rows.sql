-- Matches that somebody's snooze or digest holds back. The leader's relay asked the view waiting each second about every one of them: 118 ms of
-- each second for 300 digests. Now a row remembers until when it is held, and the relay looks only at rows whose time has come.
--
-- held_until never decides that a row is sent: at that time the row is looked at again. A change of the person's digest or snoozes makes
-- it '-infinity', by trigger, so that a notifier of the version before wakes the rows too. A scheduler of the version before ignores
-- it and asks the view waiting, which gives the same rows.
ALTER TABLE outbox ADD COLUMN held_until timestamptz NOT NULL DEFAULT '-infinity';
CREATE INDEX outbox_due ON outbox (held_until) WHERE message_id IS NULL;

-- Of the rows whose time has come: those that are held, and until when. The conditions are those of the view waiting.
CREATE VIEW holding AS
    SELECT id, max(until) AS until FROM (
        SELECT o.id, m.until FROM outbox o JOIN mute m ON m.user_id = o.channel
        WHERE o.message_id IS NULL AND o.held_until <= now() AND o.kind = 'watchlist'
          AND m.snooze AND m.until > now() AND ps_mute_matches(m.kind, m.value, o.data)
        UNION ALL
        SELECT o.id, ps_digest_due(d.minute, now()) + interval '24 hours'
        FROM outbox o JOIN digest d ON d.user_id = o.channel LEFT JOIN cycles c ON c.number = o.cycle
        WHERE o.message_id IS NULL AND o.held_until <= now() AND o.kind = 'watchlist'
          AND CASE WHEN c.status = 'running' THEN true
                   ELSE coalesce(c.finished_at, o.created_at) >= greatest(ps_digest_due(d.minute, now()), d.released_at) END) AS held
    GROUP BY id;

-- Writes the times down, of so many rows at most; gives how many. While somebody changes a digest or a snooze it does nothing: a
-- time that was computed before the change and written after it would hold the row for a day.
CREATE FUNCTION ps_hold_rows(most integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE held integer;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtext('held_rows'), 0) THEN
        RETURN 0;
    END IF;
    UPDATE outbox o SET held_until = h.until FROM (SELECT id, until FROM holding ORDER BY id LIMIT most) h
        WHERE o.id = h.id AND o.message_id IS NULL;
    GET DIAGNOSTICS held = ROW_COUNT;
    RETURN held;
END $$;

-- The rows of a person whose digest or snooze has changed are looked at again.
CREATE FUNCTION ps_release_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtext('held_rows'), 0);
    UPDATE outbox SET held_until = '-infinity'
        WHERE channel IN (OLD.user_id, NEW.user_id) AND kind = 'watchlist' AND message_id IS NULL AND held_until > now();
    RETURN NULL;
END $$;
CREATE TRIGGER mute_changed AFTER INSERT OR UPDATE OR DELETE ON mute FOR EACH ROW EXECUTE FUNCTION ps_release_rows();
CREATE TRIGGER digest_changed AFTER INSERT OR UPDATE OR DELETE ON digest FOR EACH ROW EXECUTE FUNCTION ps_release_rows();

-- held_until was computed from when a match was made and when its cycle ended. Whoever moves one of these times has the row looked at again.
CREATE FUNCTION ps_release_moved_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.held_until := '-infinity';
    RETURN NEW;
END $$;
CREATE TRIGGER outbox_moved BEFORE UPDATE OF created_at ON outbox FOR EACH ROW EXECUTE FUNCTION ps_release_moved_row();
CREATE FUNCTION ps_release_cycle_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE outbox SET held_until = '-infinity' WHERE cycle = NEW.number AND message_id IS NULL AND held_until > now();
    RETURN NULL;
END $$;
CREATE TRIGGER cycle_moved AFTER UPDATE OF finished_at ON cycles FOR EACH ROW
    WHEN (OLD.finished_at IS NOT NULL AND NEW.finished_at IS DISTINCT FROM OLD.finished_at) EXECUTE FUNCTION ps_release_cycle_rows();
