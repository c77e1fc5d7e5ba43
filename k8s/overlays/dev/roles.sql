-- Three roles for one database, each with no more rights than it needs. Run it with psql as the owner of
-- the tables (who must have CREATEROLE) or as a superuser, in the database of Paperscout:
--
--     psql "$OWNER_URL" -v owner=paperscout -v scheduler_password=… -v notifier_password=… -f deploy/roles.sql
--
-- Run it before the first start, or at any later time; run it again after an upgrade. Passwords that are not
-- given stay as they are. The owner migrates (`paperscout-scheduler migrate`); the scheduler and the
-- notifier then need no right to create anything.
\set ON_ERROR_STOP on
\if :{?owner}
\else
    \set owner paperscout
\endif

SELECT 'CREATE ROLE paperscout_scheduler LOGIN'
    WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'paperscout_scheduler') \gexec
SELECT 'CREATE ROLE paperscout_notifier LOGIN'
    WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'paperscout_notifier') \gexec
\if :{?scheduler_password}
    ALTER ROLE paperscout_scheduler PASSWORD :'scheduler_password';
\endif
\if :{?notifier_password}
    ALTER ROLE paperscout_notifier PASSWORD :'notifier_password';
\endif

GRANT USAGE ON SCHEMA public TO paperscout_scheduler, paperscout_notifier;
GRANT USAGE, CREATE ON SCHEMA public TO :"owner";
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
REVOKE CREATE ON SCHEMA public FROM paperscout_scheduler, paperscout_notifier;

-- What is there, and what later migrations of the owner add.
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO paperscout_scheduler, paperscout_notifier;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO paperscout_scheduler;
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO paperscout_scheduler, paperscout_notifier;
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA public
    GRANT USAGE ON SEQUENCES TO paperscout_scheduler;

-- The migrations are the owner's alone.
SELECT format('REVOKE INSERT, UPDATE, DELETE ON %I FROM paperscout_scheduler, paperscout_notifier', tablename)
    FROM pg_tables WHERE schemaname = 'public' AND tablename = 'schema_version' \gexec
-- The notifier, which faces the Internet, only reads what the scheduler found out.
SELECT format('REVOKE INSERT, UPDATE, DELETE ON %I FROM paperscout_notifier', tablename)
    FROM pg_tables WHERE schemaname = 'public'
    AND tablename IN ('meta', 'papers', 'discovered', 'cycles', 'probes', 'controls') \gexec
