-- PARAMS: none
-- COLUMNS: url text
-- All drafts, those that were not probed again for longest first.
SELECT url
FROM discovered
ORDER BY checked_at NULLS FIRST, url;
