-- The same sums by school, by category, by slot and by bucket of time, each a row with the others null: sessions, class hours
-- in hundredths, who came. by_…: which of them the row is.
select
    grouping(school_id) = 0 as by_school,
    grouping(category) = 0 as by_category,
    grouping(slot) = 0 as by_slot,
    school_id,
    category,
    nullif(slot, '') as slot,
    date_trunc(:interval, service_date::timestamp)::date as bucket,
    sum(sessions) as sessions,
    sum(cancelled) as cancelled,
    sum(class_hours_hundredths) as class_hours_hundredths,
    sum(headcount) as headcount,
    sum(rolled_sessions) as rolled_sessions,
    sum(came) as came
from audit.service_day_of(:school_ids, :first_day, :last_day)
group by grouping sets ((school_id), (category), (slot), (date_trunc(:interval, service_date::timestamp)::date))
