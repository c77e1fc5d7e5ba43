-- PARAMS: $1 limit bigint
-- COLUMNS: event_id text, place text, user_id text, words text, tries integer, source text
-- Takes events that no notifier answered, for ten seconds. SKIP LOCKED: two notifiers never wait for each other here. The caller
-- starts them in the order in which the people gave them.
WITH mine AS (
    UPDATE heard SET tries = tries + 1, tried_at = now()
    WHERE event_id IN (
        SELECT event_id FROM heard
        WHERE answered_at IS NULL AND tried_at < now() - interval '10 seconds'
        ORDER BY tried_at LIMIT $1 FOR UPDATE SKIP LOCKED)
    RETURNING event_id, place, user_id, words, tries, source, heard_at)
SELECT event_id, place, user_id, words, tries, source FROM mine ORDER BY heard_at;
