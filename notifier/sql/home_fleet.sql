-- PARAMS: none
-- COLUMNS: poll bigint, papers bigint, drafts bigint
SELECT ps_ms(last_successful_poll) AS poll, (SELECT count(*) FROM papers) AS papers, (SELECT count(*) FROM discovered) AS drafts
FROM meta;
