#!/bin/sh
# Makes the database for people's decisions, and its user, who can reach no other database. PostgreSQL's
# image runs it on an empty volume. On any other server run it by hand, with PGHOST, PGUSER and the like
# set for somebody who may create users. A test runs it on a real server, twice.
set -eu
[ -n "${FINOPS_PG_PASSWORD:-}" ] || { echo "FINOPS_PG_PASSWORD is not set: no database of decisions"; exit 0; }
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --set password="$FINOPS_PG_PASSWORD" \
  --username "${POSTGRES_USER:-${PGUSER:-postgres}}" --dbname "${POSTGRES_DB:-${PGDATABASE:-postgres}}" <<'SQL'
SELECT 'CREATE ROLE finops LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'finops') \gexec
ALTER ROLE finops PASSWORD :'password';
GRANT finops TO CURRENT_USER;
SELECT 'CREATE DATABASE finops OWNER finops'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'finops') \gexec
REVOKE ALL ON DATABASE finops FROM PUBLIC;
-- By default everybody may connect to every database, but finops shall reach only its own.
SELECT format('REVOKE CONNECT ON DATABASE %I FROM PUBLIC', current_database()) \gexec
SQL
