-- PARAMS: $1 event_id text, $2 user_id text, $3 changes jsonb
-- COLUMNS: result text, answered text
-- Makes a person's changes in order, each by the function that it names: [{change, kind, value, key, most, snooze, until_ms,
-- minute, zone, done, same, far, full}, ...]. result, one row for each: done, same (nothing to change), far (a number far above
-- every known one) or full. For an event (NULL: none) the texts done, same, far or full of all changes are its answer.
-- MATERIALIZED: the functions write, so each must run exactly once.
WITH changed AS MATERIALIZED (
    SELECT c.n, c.done, c.same, c.far, c."full", CASE c.change
        WHEN 'entry add' THEN ps_entry_add($2, c.value, c.key, c.most)
        WHEN 'entry remove' THEN ps_entry_remove($2, c.value, c.key)
        WHEN 'rule add' THEN ps_rule_add($2, c.kind, c.value, c.most)
        WHEN 'rule remove' THEN ps_rule_remove($2, c.kind, c.value)
        WHEN 'quiet set' THEN ps_quiet_set($2, c.kind, c.value, c.key, c.snooze, c.until_ms, c.most)
        WHEN 'quiet end' THEN ps_quiet_end($2, c.kind, c.value, c.key)
        WHEN 'digest daily' THEN ps_digest_daily_in($2, c.minute, c.zone)
        WHEN 'digest off' THEN ps_digest_off($2)
        WHEN 'digest now' THEN ps_digest_now($2) END AS result
    FROM ROWS FROM (jsonb_to_recordset($3::jsonb) AS (change text, kind text, value text, key text, most integer, snooze boolean,
        until_ms bigint, minute integer, zone text, done text, same text, far text, "full" text))
        WITH ORDINALITY AS c (change, kind, value, key, most, snooze, until_ms, minute, zone, done, same, far, "full", n)),
answered AS MATERIALIZED (
    SELECT ps_event_answer($1, 0, string_agg(CASE result WHEN 'done' THEN done WHEN 'same' THEN same WHEN 'far' THEN far
        ELSE "full" END, E'\n' ORDER BY n))::text AS answered
    FROM changed HAVING $1 IS NOT NULL)
SELECT result, (SELECT answered FROM answered) AS answered FROM changed ORDER BY n;
