-- PARAMS: $1 papers text, $2 drafts text, $3 misses text, $4 poll text, $5 watch text
-- COLUMNS: papers boolean, drafts boolean, misses boolean, poll boolean, watch boolean
-- Which tables of the Python service the database has.
SELECT to_regclass($1) IS NOT NULL AS papers, to_regclass($2) IS NOT NULL AS drafts, to_regclass($3) IS NOT NULL AS misses,
    to_regclass($4) IS NOT NULL AS poll, to_regclass($5) IS NOT NULL AS watch;
