-- PARAMS: none
-- COLUMNS: papers bigint, drafts bigint, outbox_pending bigint, last_successful_poll bigint, poll_count bigint, index_fetched_at bigint, index_refused text, dead_messages bigint, oldest_message bigint, news_late bigint, open_std_lost text, index_missed bigint
-- The numbers that status, health and the page show. news_late is the median time from upload to message in the last day, in ms; it
-- is 0 for a handful of drafts, which prove nothing. index_missed: polls, two at most, that began after the last download of the index
-- and so did not download it.
SELECT (SELECT count(*) FROM papers) AS papers,
    (SELECT count(*) FROM discovered) AS drafts,
    (SELECT count(*) FROM outbox WHERE sent_at IS NULL AND dead_at IS NULL) AS outbox_pending,
    ps_ms(last_successful_poll) AS last_successful_poll, poll_count,
    ps_ms(index_fetched_at) AS index_fetched_at, index_refused,
    (SELECT count(*) FROM outbox
     WHERE dead_at IS NOT NULL AND dead_dropped_at IS NULL AND sent_at IS NULL AND message_text IS NOT NULL) AS dead_messages,
    (SELECT coalesce((extract(epoch FROM now() - min(created_at)) * 1000)::bigint, 0) FROM outbox
     WHERE message_text IS NOT NULL AND sent_at IS NULL AND dead_at IS NULL) AS oldest_message,
    (SELECT CASE WHEN count(*) >= 10 THEN (1000 * percentile_cont(0.5)
         WITHIN GROUP (ORDER BY extract(epoch FROM sent_at - (data->>'modified')::timestamptz)))::bigint ELSE 0 END
     FROM outbox WHERE dedupe_key LIKE 'draft:%' AND sent_at > now() - interval '1 day'
       AND data->>'modified' IS NOT NULL) AS news_late,
    open_std_lost,
    (SELECT count(*) FROM (SELECT started_at FROM cycles ORDER BY number DESC LIMIT 2) newest
     WHERE started_at > index_fetched_at) AS index_missed
FROM meta;
