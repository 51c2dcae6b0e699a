-- The version before does without.
drop function ledger.let_see;
revoke select on public.alembic_version from taizhang_ledger, taizhang_audit, taizhang_reporting;
