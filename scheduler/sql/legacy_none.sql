-- PARAMS: none
-- COLUMNS: none
-- In the place of a table that the Python service's database lacks, so that the statements after it keep their numbers.
SELECT 1 WHERE false;
