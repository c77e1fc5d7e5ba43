-- PARAMS: $1 most bigint, $2 kinds text, $3 style text
-- COLUMNS: id bigint, dedupe_key text, kind text, channel text, data jsonb, slack_ts text, slack_channel text, message_text text, announcement bigint
-- Rows that can be made messages of: their cycle has closed, or all its hot probes have ended, and nobody's snooze or digest
-- holds them back. Ordered so that rows of one message come together. kinds: "urgent" for those that overtake only, else "all".
-- A row of a transition also has the message that announced its draft, unless style (DP_TRANSITION_STYLE) is "message".
SELECT o.id, o.dedupe_key, o.kind, o.channel, o.data, a.slack_ts, a.slack_channel, h.message_text, h.id AS announcement
FROM outbox o
LEFT JOIN outbox a ON $3 <> 'message' AND o.kind = 'dp_transition'
    AND a.dedupe_key = 'draft:' || (o.data->>'draft_url') AND a.channel = o.channel AND a.slack_ts IS NOT NULL
LEFT JOIN outbox h ON $3 = 'update' AND h.message_id = a.message_id AND h.message_text IS NOT NULL
    AND a.slack_channel IS NOT NULL
WHERE o.message_id IS NULL AND o.held_until <= now()
  AND (o.cycle IS NULL OR o.cycle <= (SELECT max(number) FROM cycles WHERE status <> 'running' OR hot_done))
  AND ($2 = 'all' OR o.kind IN ('ops_alert', 'ops_recovery'))
  AND NOT (o.kind = 'watchlist' AND o.id IN (SELECT id FROM holding))
ORDER BY o.channel,
    CASE WHEN o.kind IN ('frontier', 'draft', 'draft_update', 'dp_transition', 'new_paper') THEN '' ELSE o.kind END,
    a.slack_ts NULLS FIRST,
    array_position(ARRAY['frontier', 'draft', 'draft_update', 'dp_transition', 'new_paper'], o.kind), o.id
LIMIT $1;
