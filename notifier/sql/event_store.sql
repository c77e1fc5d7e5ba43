-- PARAMS: $1 event_id text, $2 said text, $3 place text, $4 user_id text, $5 channel text, $6 thread_ts text, $7 words text, $8 unanswered_max integer, $9 source text, $10 response_url text
-- COLUMNS: stored text
-- Stores an event of Slack before Slack gets its answer, so that a command is never lost. stored: "fresh"; "slow" if
-- unanswered_max commands of this person wait in this channel, and the event is not stored; else it is a duplicate.
SELECT ps_event_insert($1, $2, $3, $4, $5, $6, $7, $8::integer, $9, $10) AS stored;
