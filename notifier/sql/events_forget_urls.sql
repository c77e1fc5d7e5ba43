-- PARAMS: none
-- COLUMNS: none
-- A response_url is a permission to post, which Slack revokes after half an hour.
UPDATE heard SET response_url = NULL WHERE response_url IS NOT NULL AND answered_at < now() - interval '1 hour';
