-- Run once, by a superuser, with psql, before the first `taizhang migrate`; again, to change passwords.
-- Four roles sign in: the owner, who migrates and runs the operator's commands, and one a service, each with the grants that
-- migrate gives it and no more. None is a superuser, none passes by row level security.
-- The passwords come from the environment, so that none stands in a file or in a list of processes.
\set ON_ERROR_STOP on
\getenv owner_password TAIZHANG_OWNER_PASSWORD
\getenv ledger_password TAIZHANG_LEDGER_PASSWORD
\getenv audit_password TAIZHANG_AUDIT_PASSWORD
\getenv reporting_password TAIZHANG_REPORTING_PASSWORD

select format('create role %I', role_name)
from unnest(array['taizhang_owner', 'taizhang_ledger', 'taizhang_audit', 'taizhang_reporting']) as role_name
where not exists (select from pg_roles where rolname = role_name)
\gexec

alter role taizhang_owner login nosuperuser nocreatedb nocreaterole nobypassrls password :'owner_password';
alter role taizhang_ledger login nosuperuser nocreatedb nocreaterole nobypassrls password :'ledger_password';
alter role taizhang_audit login nosuperuser nocreatedb nocreaterole nobypassrls password :'audit_password';
alter role taizhang_reporting login nosuperuser nocreatedb nocreaterole nobypassrls password :'reporting_password';
-- Said once more where it cannot be forgotten: reporting writes nothing, whatever it is granted by mistake.
alter role taizhang_reporting set default_transaction_read_only = on;

-- The operator's commands act as the services do: `taizhang audit run` as the audit, for one.
grant taizhang_ledger, taizhang_audit, taizhang_reporting to taizhang_owner;

select 'create database taizhang owner taizhang_owner encoding ''UTF8'' locale ''C'' template template0'
where not exists (select from pg_database where datname = 'taizhang')
\gexec

-- Nobody comes in but these four; nobody makes tables beside the schema.
revoke connect, temporary on database taizhang from public;
grant connect on database taizhang to taizhang_ledger, taizhang_audit, taizhang_reporting;
