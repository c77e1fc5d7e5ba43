-- PARAMS: $1 message_id text, $2 channel text, $3 created_ms bigint, $4 instance text, $5 heir_of text
-- COLUMNS: taken bigint, known bigint, open bigint, ours bigint, claimed bigint, holder text
-- Claims a message for instance. Of two notifiers only one gets it: the second waits for the row and then sees the claim, because
-- this is one statement. A claim ends after two minutes; after 30 seconds if its holder is heir_of, which is known to be dead.
-- taken: rows claimed now. The other counts are as they were before this statement. known: rows of the message; open: those that are
-- neither sent nor dead; ours: those that instance had claimed; claimed: those with any claim. holder: a notifier that claimed it more
-- than 30 seconds ago.
-- All three of id, channel and time must be those of a row: anybody can push an id, and a database that was restored issues ids
-- again that an older Redis list contains. created_ms 0: the time is unknown and not compared.
WITH mine AS (
    UPDATE outbox SET claimed_by = $4, claimed_at = now()
    WHERE message_id = $1 AND EXISTS (
        SELECT FROM outbox head
        WHERE head.message_id = $1 AND head.channel = $2
          AND ($3::bigint = 0 OR abs(ps_ms(head.created_at) - $3::bigint) < 60000))
      AND sent_at IS NULL AND dead_at IS NULL
      AND (claimed_at IS NULL OR claimed_by = $4 OR claimed_at < now() - interval '2 minutes'
           OR (claimed_by = $5 AND claimed_at < now() - interval '30 seconds'))
    RETURNING 1)
SELECT (SELECT count(*) FROM mine) AS taken, count(*) AS known,
    count(*) FILTER (WHERE sent_at IS NULL AND dead_at IS NULL) AS open,
    count(*) FILTER (WHERE claimed_by = $4) AS ours, count(claimed_by) AS claimed,
    min(claimed_by) FILTER (WHERE claimed_at < now() - interval '30 seconds') AS holder
FROM outbox
WHERE message_id = $1 AND EXISTS (
    SELECT FROM outbox head
    WHERE head.message_id = $1 AND head.channel = $2
      AND ($3::bigint = 0 OR abs(ps_ms(head.created_at) - $3::bigint) < 60000));
