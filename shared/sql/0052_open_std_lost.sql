-- What the page of open-std.org lacks, in words, when it was read last; NULL while it is whole.
ALTER TABLE meta ADD COLUMN open_std_lost text;
-- The most papers that the page of that year had: a page that has fewer has lost some. A new leader goes on comparing.
ALTER TABLE meta ADD COLUMN open_std_papers integer NOT NULL DEFAULT 0;
ALTER TABLE meta ADD COLUMN open_std_year integer NOT NULL DEFAULT 0;
