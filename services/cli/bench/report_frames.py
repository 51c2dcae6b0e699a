"""A school's term as a script over the same tables has it: pandas frames of sessions and duties. Only where pandas is installed."""

from importlib.util import find_spec

from sqlalchemy import text

from services.cli.bench.audit_references import engine_of

_SESSIONS = """
    select session_id, session_revision.revision, state, staff_ids as staff_id, staff_class_hours_hundredths as hundredths
    from ledger.session_revision
    inner join ledger.term on term.term_id = :term_id and service_date between term.starts_on and term.ends_on
    where school_id = :school_id
"""
_DUTIES = """
    select key, entry.revision, state, content ->> 'staff_id' as staff_id, (content ->> 'class_hours')::float * 100 as hundredths
    from ledger.entry
    inner join ledger.term on term.term_id = :term_id and service_date between term.starts_on and term.ends_on
    where entry.school_id = :school_id and resource = 'duties'
"""


def workload_by_frames(database_url: str, school_id: str, term_id: str) -> dict[str, int] | None:
    """Hundredths of class hours by person; None without pandas."""
    if find_spec("pandas") is None:
        return None
    import pandas as pd

    asked = {"school_id": school_id, "term_id": term_id}
    with engine_of(database_url).connect() as connection:
        sessions, duties = (pd.read_sql(text(query), connection, params=asked) for query in (_SESSIONS, _DUTIES))
    latest = sessions.sort_values("revision").drop_duplicates("session_id", keep="last")
    taught = latest[latest.state == "held"].explode(["staff_id", "hundredths"])
    newest = duties.sort_values("revision").drop_duplicates("key", keep="last")
    work = pd.concat(
        [taught[["staff_id", "hundredths"]], newest[newest.state == "recorded"][["staff_id", "hundredths"]]]
    )
    sums = work.groupby("staff_id").hundredths.sum()
    return {str(staff_id): round(hundredths) for staff_id, hundredths in sums.items()}
