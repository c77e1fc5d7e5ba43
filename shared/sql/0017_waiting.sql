-- The matches that somebody's snooze or digest holds back, read once a second by the leader: as a set, for a function called for each row
-- (ps_match_waits, kept for the schedulers that call it) took half a second for 5,000 of them. What a digest gives was settled before it was due: what comes late is for the next.
CREATE VIEW waiting AS
    SELECT o.id FROM outbox o JOIN mute m ON m.user_id = o.channel
    WHERE o.message_id IS NULL AND o.kind = 'watchlist' AND m.snooze AND m.until > now() AND ps_mute_concerns(m.kind, m.value, o.data)
    UNION
    SELECT o.id FROM outbox o JOIN digest d ON d.user_id = o.channel LEFT JOIN cycles c ON c.number = o.cycle
    WHERE o.message_id IS NULL AND o.kind = 'watchlist'
      AND CASE WHEN c.status = 'running' THEN true
               ELSE coalesce(c.finished_at, o.created_at) >= greatest(ps_digest_due(d.minute, now()), d.released_at) END;
