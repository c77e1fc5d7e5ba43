-- PARAMS: none
-- COLUMNS: index text, written_at bigint
-- The index as the Python service stored it: JSON, or JSON within a string. Its times are seconds as floating point numbers.
SELECT CASE jsonb_typeof(data) WHEN 'string' THEN data #>> '{}' ELSE data::text END AS index,
    (written_at * 1000)::bigint AS written_at
FROM paper_cache WHERE key = 'wg21_index';
