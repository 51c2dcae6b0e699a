-- The key that the codes on printed sheets are sealed with: made here, once, kept with the ledger that the sheets are of.
-- Whoever restores the ledger restores it, and every sheet that was ever posted can still be checked.
create table ledger.sheet_key (
    only_row boolean primary key default true check (only_row),
    key bytea not null
);

-- Two random UUIDs are 244 bits; the digest spreads them over 32 bytes.
insert into ledger.sheet_key (key)
values (sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())));

-- Reporting seals and opens; nobody else needs it.
grant select on ledger.sheet_key to taizhang_reporting;
