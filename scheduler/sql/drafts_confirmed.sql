-- PARAMS: none
-- COLUMNS: url text
-- Drafts that may be controls of the next cycle: those that the site had last, however long ago. Without that "however",
-- a site that has had no draft for days would lose the evidence against it.
SELECT url
FROM discovered
ORDER BY gone_at IS NOT NULL, confirmed_at DESC, url
LIMIT 10;
