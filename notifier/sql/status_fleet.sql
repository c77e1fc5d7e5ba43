-- PARAMS: none
-- COLUMNS: papers bigint, index_at bigint, poll_at bigint, polls bigint, drafts bigint, waiting bigint
SELECT (SELECT count(*) FROM papers) AS papers, ps_ms(index_fetched_at) AS index_at, ps_ms(last_successful_poll) AS poll_at,
    poll_count AS polls, (SELECT count(*) FROM discovered) AS drafts,
    (SELECT count(DISTINCT coalesce(message_id, id::text)) FROM outbox WHERE sent_at IS NULL AND dead_at IS NULL) AS waiting
FROM meta;
