-- The time of a digest is a time in the person's own zone (Slack's users.info names it), also after a change to or from summer time.

-- An IANA name; minute is of the day there. NULL: UTC.
ALTER TABLE digest ADD COLUMN zone text;

-- The zone itself where PostgreSQL knows it, else UTC.
CREATE FUNCTION ps_zone(name text) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    PERFORM now() AT TIME ZONE coalesce(name, 'UTC');
    RETURN coalesce(name, 'UTC');
EXCEPTION WHEN invalid_parameter_value THEN
    RETURN 'UTC';
END $$;

-- When the digest that was due last was due, and when the next one is.
CREATE FUNCTION ps_digest_last(minute integer, zone text, now timestamptz) RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT (date_trunc('day', (now AT TIME ZONE coalesce(zone, 'UTC')) - make_interval(mins => minute)) + make_interval(mins => minute))
           AT TIME ZONE coalesce(zone, 'UTC')
$$;
CREATE FUNCTION ps_digest_next(minute integer, zone text, now timestamptz) RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT ((ps_digest_last(minute, zone, now) AT TIME ZONE coalesce(zone, 'UTC')) + interval '1 day') AT TIME ZONE coalesce(zone, 'UTC')
$$;

-- compatible: the same columns and, for digests without a zone, which are all that the version before makes, the same rows.
CREATE OR REPLACE VIEW waiting AS
    SELECT o.id FROM outbox o JOIN mute m ON m.user_id = o.channel
    WHERE o.message_id IS NULL AND o.kind = 'watchlist' AND m.snooze AND m.until > now() AND ps_mute_matches(m.kind, m.value, o.data)
    UNION
    SELECT o.id FROM outbox o JOIN digest d ON d.user_id = o.channel LEFT JOIN cycles c ON c.number = o.cycle
    WHERE o.message_id IS NULL AND o.kind = 'watchlist'
      AND CASE WHEN c.status = 'running' THEN true
               ELSE coalesce(c.finished_at, o.created_at) >= greatest(ps_digest_last(d.minute, d.zone, now()), d.released_at) END;

-- compatible: the same columns and, for digests without a zone, the same rows.
CREATE OR REPLACE VIEW holding AS
    SELECT id, max(until) AS until FROM (
        SELECT o.id, m.until FROM outbox o JOIN mute m ON m.user_id = o.channel
        WHERE o.message_id IS NULL AND o.held_until <= now() AND o.kind = 'watchlist'
          AND m.snooze AND m.until > now() AND ps_mute_matches(m.kind, m.value, o.data)
        UNION ALL
        SELECT o.id, ps_digest_next(d.minute, d.zone, now())
        FROM outbox o JOIN digest d ON d.user_id = o.channel LEFT JOIN cycles c ON c.number = o.cycle
        WHERE o.message_id IS NULL AND o.held_until <= now() AND o.kind = 'watchlist'
          AND CASE WHEN c.status = 'running' THEN true
                   ELSE coalesce(c.finished_at, o.created_at) >= greatest(ps_digest_last(d.minute, d.zone, now()), d.released_at) END) AS held
    GROUP BY id;

CREATE FUNCTION ps_digest_daily_in(who text, at_minute integer, in_zone text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE known text := ps_zone(in_zone);
BEGIN
    IF EXISTS (SELECT FROM digest WHERE user_id = who AND minute = at_minute AND coalesce(zone, 'UTC') = known) THEN
        RETURN 'same';
    END IF;
    INSERT INTO digest (user_id, minute, zone) VALUES (who, at_minute, known)
        ON CONFLICT (user_id) DO UPDATE SET minute = excluded.minute, zone = excluded.zone;
    RETURN 'done';
END $$;
