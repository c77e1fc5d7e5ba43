-- PARAMS: none
-- COLUMNS: index_version bigint, drafts text
-- Whether the library (shared/core/library.h) is up to date: the version of the index, and a text that changes with any draft.
SELECT index_version,
  (SELECT count(*) || ':' || count(gone_at) || ':' || count(title) || ':' ||
    coalesce(ps_ms(max(greatest(discovered_at, updated_at, gone_at))), 0)
  FROM discovered) AS drafts
FROM meta;
