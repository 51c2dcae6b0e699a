-- The version before does without.
revoke select on public.alembic_version from taizhang_ledger, taizhang_audit, taizhang_reporting;
