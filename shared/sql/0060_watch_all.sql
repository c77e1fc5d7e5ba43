-- `watch all`: a person who wants every new paper and draft. The entry is "*", which no author is called.

-- compatible: the same columns. The version before passes over a watched "all": its scheduler matches nothing with it.
CREATE OR REPLACE VIEW watch_now AS
    SELECT user_id, kind, value, w.value IS NOT NULL AS watched, m.value IS NOT NULL AS quiet, m.snooze, m.until
    FROM (SELECT user_id, CASE WHEN entry = '*' THEN 'all' WHEN entry ~ '^[0-9]+$' THEN 'number' WHEN entry ~ '^[A-Z]+[0-9]+$' THEN 'paper'
                 ELSE 'author' END AS kind, CASE WHEN entry = '*' THEN '' ELSE entry END AS value FROM watchlist
          UNION ALL SELECT user_id, kind, value FROM watch_rule) w
    FULL JOIN (SELECT user_id, kind, value, snooze, until FROM mute WHERE until IS NULL OR until > now()) m USING (user_id, kind, value);
