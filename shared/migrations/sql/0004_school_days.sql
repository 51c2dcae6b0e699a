-- What of a school's day is in the ledger: the rollups that the rules about missing and late days read, and who came late.

-- One row per school and date with any record that holds now: a session, a roll, a duty, the day itself. Recomputed for the
-- school-days a batch touched, never patched. No row: the ledger knows nothing of the day.
-- slots: those with a session held or cancelled. day_state: what the school says of the day, null when it says nothing.
-- recorded_on: the date (Shanghai) of the day's newest record.
create table audit.recorded_day (
    school_id text not null,
    service_date date not null,
    slots text[] not null,
    day_state text,
    recorded_on date not null,
    primary key (school_id, service_date)
);

create index recorded_day_service_date on audit.recorded_day (service_date);

-- One row per date that any school has recorded: how many have, and how many of them not ahead of the day.
-- Sandbox schools do not count.
create table audit.district_day (
    service_date date primary key,
    schools integer not null,
    reached integer not null
);

-- How far the district has come: the last date that more than half of its schools have recorded; null before there is one.
-- schools: how many there are.
create view audit.frontier with (security_invoker = true) as
select max(district_day.service_date) as service_date, max(district.schools)::integer as schools
from (
    select count(*) as schools
    from ledger.chain_head
    where chain_head.school_id <> 'district' and left(chain_head.school_id, 5) <> '99999'
) as district
left join audit.district_day on district_day.reached * 2 > district.schools;

-- One row per school: when it first recorded a session, roll, duty or day. Service before that date it can only have brought
-- along from elsewhere: an import, which is neither late nor filled in afterwards.
create view ledger.first_record with (security_invoker = true) as
select chain_head.school_id, first.recorded_at, (first.recorded_at at time zone 'Asia/Shanghai')::date as recorded_on
from ledger.chain_head
cross join lateral (
    select chain_entry.recorded_at
    from ledger.chain_entry
    where
        chain_entry.school_id = chain_head.school_id
        and chain_entry.resource in ('sessions', 'attendance', 'duties', 'days')
    order by chain_entry.seq
    limit 1
) as first;

-- One row per session, roll and duty that holds now and was first recorded on the date it has: when and by which client.
create view ledger.entered with (security_invoker = true) as
select
    entry.school_id, entry.service_date, entry.resource, entry.record_key, entry.recorded_at,
    (entry.recorded_at at time zone 'Asia/Shanghai')::date as recorded_on, batch.client_id
from (
    select
        this.school_id, this.service_date, 'sessions' as resource, this.recorded_at, this.batch_id,
        'sessions/' || this.school_id || '/' || this.session_id || '#1' as record_key
    from ledger.session_revision as this
    where
        this.revision = 1
        and not exists (
            select from ledger.session_revision as later
            where
                later.school_id = this.school_id
                and later.service_date = this.service_date
                and later.session_id = this.session_id
                and later.state in ('void', 'moved')
        )
    union all
    select
        this.school_id, this.service_date, 'attendance', this.recorded_at, this.batch_id,
        'attendance/' || this.school_id || '/' || this.session_id || '#1'
    from ledger.attendance_revision as this
    where
        this.revision = 1
        and not exists (
            select from ledger.attendance_revision as later
            where
                later.school_id = this.school_id
                and later.service_date = this.service_date
                and later.session_id = this.session_id
                and later.state = 'void'
        )
    union all
    select
        this.school_id, this.service_date, this.resource, this.recorded_at, this.batch_id,
        'duties/' || this.school_id || '/' || this.key || '#1'
    from ledger.entry as this
    where
        this.resource = 'duties'
        and this.revision = 1
        and not exists (
            select from ledger.entry as later
            where
                later.school_id = this.school_id
                and later.resource = this.resource
                and later.key = this.key
                and (later.state = 'void' or later.service_date <> this.service_date)
        )
) as entry
left join ledger.batch on batch.batch_id = entry.batch_id;

alter table audit.recorded_day enable row level security;
create policy audit_writes on audit.recorded_day for all to taizhang_audit using (true);

grant select, insert, update, delete on audit.recorded_day, audit.district_day to taizhang_audit;
grant select on audit.frontier, ledger.first_record, ledger.entered to taizhang_audit;
