-- Each service sees which version the schema has, and starts on none that it is too new for.
grant select on public.alembic_version to taizhang_ledger, taizhang_audit, taizhang_reporting;
