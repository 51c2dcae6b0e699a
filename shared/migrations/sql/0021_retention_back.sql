-- Back to the version before, which can neither prove nor bring back an archive: refused while a year lies in one.
-- What was erased stays erased; only this version can prove it.
do $$
begin
    if cardinality(ledger.archived_years()) > 0 then
        raise exception 'the school years % lie in an archive: bring them back first (taizhang archive bring-back)',
            array_to_string(ledger.archived_years(), ', ');
    end if;
end $$;

drop function ledger.erase_pupil;
drop table ledger.archived_batch;
drop function ledger.archived_batches_digest;
