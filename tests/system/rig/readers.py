"""A library of the size that there may be, and what people type into the search."""

PAPERS, DRAFTS = 18052, 5000

# As many papers and drafts as there may be, straight into the tables: what the fleet does with them is another test's.
FILL = f"""
INSERT INTO papers (id, type, title, author, date, subgroup, link, long_link, status, version, first_seen_at)
SELECT 'P' || lpad((1000 + g / 5)::text, 4, '0') || 'R' || g % 5, 'paper', 'Paper word' || g || ' about topic' || g % 97,
  'Author' || g % 500 || ' Person, Somebody Else', '2018-01-01', 'LEWG', '', '', '', (SELECT index_version + 1 FROM meta),
  now() - interval '1 year' FROM generate_series(1, {PAPERS}) g ON CONFLICT DO NOTHING;
INSERT INTO discovered (url, paper_id, tier, outcome, cycle, title, authors, discovered_at)
SELECT 'https://isocpp.org/files/papers/D' || 1000 + g || 'R9.pdf', 'D' || 1000 + g || 'R9', 'cold', 'hit_recent', 1,
  'Draft thing' || g, 'Writer' || g % 50, now() - g * interval '1 minute' FROM generate_series(1, {DRAFTS}) g;
UPDATE meta SET index_version = index_version + 1;"""

# Short beginnings match thousands of papers.
WORDS = ["word1", "topic", "author3", "p10", "draft", "d12", "somebody", "thing4", "lewg", "p"]
