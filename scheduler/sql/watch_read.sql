-- PARAMS: none
-- COLUMNS: user_id text, kind text, value text, watched boolean, quiet boolean, snooze boolean
-- What people watch at this moment, apart from patterns that were suspended because they took too long.
SELECT user_id, kind, value, watched, quiet, snooze
FROM watch_now w
WHERE NOT (kind = 'pattern' AND EXISTS (SELECT FROM watch_suspended s WHERE s.user_id = w.user_id
    AND s.value = w.value))
ORDER BY user_id, kind, value;
