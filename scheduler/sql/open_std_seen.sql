-- PARAMS: $1 lost text, $2 year integer, $3 papers integer
-- COLUMNS: none
-- The page of open-std.org of this year was read: what it lacks (NULL: it is whole), and the most papers that it had.
UPDATE meta
SET open_std_lost = $1, open_std_year = $2, open_std_papers = $3;
