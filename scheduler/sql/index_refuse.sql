-- PARAMS: $1 why text
-- COLUMNS: accepted boolean
-- The newest download is implausible and is refused, unless an operator asked to accept the next one whatever its size
-- (accept-index), which is answered and used up.
WITH old AS (SELECT index_accept
    FROM meta)
UPDATE meta
SET index_refused = CASE WHEN old.index_accept THEN NULL ELSE $1 END, index_accept = false
FROM old
RETURNING old.index_accept AS accepted;
