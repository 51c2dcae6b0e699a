-- What the version before does without.
drop view ledger.open_case;
revoke select (service_date, period) on audit.finding from taizhang_ledger;
