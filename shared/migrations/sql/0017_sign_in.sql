-- How people come to the page, and what its calendar of discipline reads.

-- Links that sign a person in, once and soon: the code is kept as its digest only, and the row goes when it is used.
create table ledger.sign_in_link (
    code_digest bytea primary key,
    client_id text not null,
    expires_at timestamptz not null
);

grant select, insert, delete on ledger.sign_in_link to taizhang_ledger;

-- Reporting reads of the audit's rollups what the caller may see, as it does of findings.
do $$
declare
    kept text;
begin
    foreach kept in array array['recorded_day', 'school_day'] loop
        execute format(
            'create policy discipline_reads on audit.%I for select to taizhang_reporting using ('
            '((select current_setting(''taizhang.district'', true)) = ''on'' and left(school_id, 5) <> ''99999'') '
            'or school_id = any ((select string_to_array(current_setting(''taizhang.schools'', true), '',''))::text[]))',
            kept
        );
    end loop;
end $$;

grant select on audit.recorded_day, audit.school_day to taizhang_reporting;
