-- PARAMS: none
-- COLUMNS: generation bigint, cycle bigint, started_at bigint, finished_at bigint, last_successful_poll bigint, index_etag text, index_modified text, index_fetched_at bigint, poll_count bigint, redis_run_id text, index_version bigint, open_std_year integer, open_std_papers integer
-- What a new leader needs besides the tables: the generation, the newest cycle, and the state of the index.
SELECT m.generation, coalesce(c.number, 0) AS cycle, ps_ms(c.started_at) AS started_at,
    ps_ms(c.finished_at) AS finished_at, ps_ms(m.last_successful_poll) AS last_successful_poll,
    m.index_etag, m.index_modified, ps_ms(m.index_fetched_at) AS index_fetched_at, m.poll_count,
    m.redis_run_id, m.index_version, m.open_std_year, m.open_std_papers
FROM meta m
  LEFT JOIN LATERAL (SELECT * FROM cycles ORDER BY number DESC LIMIT 1) c ON true;
