-- PARAMS: $1 message_id text, $2 slack_ts text, $3 slack_channel text
-- COLUMNS: modified bigint
-- A message was sent, under these names of Slack ("": unknown). The response_url is forgotten: it is a permission to post.
-- modified: when a draft was uploaded (NULL for other facts), to measure how long people waited for its message.
UPDATE outbox
SET sent_at = now(), slack_ts = nullif($2, ''), slack_channel = nullif($3, ''), response_url = NULL
WHERE message_id = $1 AND sent_at IS NULL
RETURNING CASE WHEN dedupe_key LIKE 'draft:%' THEN ps_ms((data->>'modified')::timestamptz) END AS modified;
