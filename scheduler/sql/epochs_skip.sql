-- PARAMS: $1 missing bigint, $2 most bigint
-- COLUMNS: epoch bigint
-- Redis has seen a newer epoch than PostgreSQL has given out: PostgreSQL came back without its newest transactions. One epoch a
-- try could leave the fleet without a leader for hours. Only nextval is used, so that two candidates never draw the same one.
SELECT max(nextval('leader_epoch')) AS epoch
FROM generate_series(1, least($1::bigint, $2::bigint));
