-- PARAMS: none
-- COLUMNS: user_id text, entry text, created_at bigint
SELECT slack_user_id AS user_id, entry, (extract(epoch FROM created_at) * 1000)::bigint AS created_at
FROM user_watchlist ORDER BY slack_user_id, entry;
