"""The frauds in the procedure: what was posted late or short, deliberated afterwards, signed early, archived not at all.

Labelled rules: D02 D03 D09 D10 D11 D12 D13 D14, E08.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from services.cli.simulator.days import Record
from services.cli.simulator.frauds import Planted
from services.cli.simulator.people import TERM_ID, School

# What the rules allow, in days: a month's sheet after its month, a sheet in the archive after its display.
POSTED_WITHIN, ARCHIVED_WITHIN = 31, 30
LATE_SUBMISSION = "2026-03-12"
OTHER_CONTENT = "0" * 64


@dataclass
class Papers:
    """A school's documents of a term as they are posted. months: its monthly publications; spring_day: when it serves next."""

    school: School
    months: list[Record]
    term: Record
    deliberations: list[Record]
    submission: Record
    reviews: list[Record]
    payments: list[Record]
    last_day: date
    spring_day: date | None

    def deliberation_of(self, publication: Record) -> Record:
        """The meeting that approved it."""
        return next(each for each in self.deliberations if each["deliberation_id"] == publication["deliberation_id"])

    def known_until(self) -> date:
        """Up to when the school's own records speak of the term."""
        dates = [self.term["displayed_from"], self.submission["submitted_on"]]
        dates += [line["paid_on"] for payment in self.payments for line in payment["lines"]]
        return max(self.last_day, *map(date.fromisoformat, dates))

    def label(self, planted: Planted, rule: str, subject: str, note: str, period: str = TERM_ID) -> None:
        """One expected finding about a document."""
        planted.label(rule, self.school.school_id, subject, note, period=period)


def _end_of(month: Record) -> date:
    """The last day of the month that a publication is about."""
    first = date.fromisoformat(f"{month['period']}-01")
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _later(day: str, days: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()


def _month_not_posted(papers: Papers, planted: Planted) -> None:
    """A month in the middle is never published; only a long district has come so far that it is missing."""
    for month in papers.months[1:-1]:
        if _end_of(month) + timedelta(days=POSTED_WITHIN) < papers.known_until():
            papers.months.remove(month)
            papers.label(planted, "D02", papers.school.school_id, "a month that is never published", month["period"])
            return


def _month_posted_late(papers: Papers, planted: Planted) -> None:
    month = papers.months[0]
    posted_on = _end_of(month) + timedelta(days=POSTED_WITHIN + 9)
    month["displayed_from"], month["displayed_to"] = posted_on.isoformat(), _later(posted_on.isoformat(), 6)
    papers.label(planted, "D02", papers.school.school_id, "published forty days after the month", month["period"])


def _month_posted_shortly(papers: Papers, planted: Planted) -> None:
    month = papers.months[-1]
    month["displayed_to"] = _later(month["displayed_from"], 1)
    papers.label(planted, "D02", papers.school.school_id, "displayed for two days", month["period"])


def _met_afterwards(papers: Papers, planted: Planted) -> None:
    month = papers.months[0]
    papers.deliberation_of(month)["held_on"] = _later(month["displayed_to"], 2)
    papers.label(planted, "D03", month["publication_id"], "deliberated after the display", month["period"])


def _never_met(papers: Papers, planted: Planted) -> None:
    month = papers.months[-1]
    papers.deliberations.remove(papers.deliberation_of(month))
    papers.label(planted, "D03", month["publication_id"], "never deliberated", month["period"])


def _too_few_met(papers: Papers, planted: Planted) -> None:
    del papers.deliberation_of(papers.term)["participants"][1:]
    papers.label(planted, "D03", papers.term["publication_id"], "one of three took part")


def _other_content_met(papers: Papers, planted: Planted) -> None:
    papers.deliberation_of(papers.term)["items"][0]["content_hash"] = OTHER_CONTENT
    papers.label(planted, "D03", papers.term["publication_id"], "another content was deliberated")


def _paper_missing(papers: Papers, planted: Planted) -> None:
    attachments = papers.submission["attachments"]
    papers.submission["attachments"] = [each for each in attachments if each["kind"] != "decision_record"]
    papers.label(planted, "D09", papers.submission["submission_id"], "no record of the decision")


def _sealed_another(papers: Papers, planted: Planted) -> None:
    papers.submission["party_seal_hash"] = OTHER_CONTENT
    papers.label(planted, "D09", papers.submission["submission_id"], "the seal is on another content")


def _signed_early(papers: Papers, planted: Planted) -> None:
    papers.submission["principal_signed_on"] = papers.term["displayed_from"]
    papers.label(planted, "D10", papers.school.school_id, "signed while the figures were displayed")


def _paid_early(papers: Papers, planted: Planted) -> None:
    for payment in papers.payments:
        for line in payment["lines"]:
            line["paid_on"] = _later(papers.submission["submitted_on"], -2)
    papers.label(planted, "D10", papers.school.school_id, "paid before it was submitted")


def _objection_unanswered(papers: Papers, planted: Planted) -> None:
    made_on = _later(papers.term["displayed_from"], 2)
    staff_id = papers.term["lines"][0]["staff_id"]
    papers.term["objections"] = [{"objection_id": "o-1", "made_on": made_on, "staff_id": staff_id, "text": "课时少计"}]
    papers.label(planted, "D11", papers.term["publication_id"], "an objection without an answer")


def _not_archived(papers: Papers, planted: Planted) -> None:
    month = papers.months[0]
    if date.fromisoformat(month["displayed_to"]) + timedelta(days=ARCHIVED_WITHIN) < papers.known_until():
        month["archive"] = []
        papers.label(planted, "D12", month["publication_id"], "nothing is archived", month["period"])


def _submitted_late(papers: Papers, planted: Planted) -> None:
    delay = (date.fromisoformat(LATE_SUBMISSION) - date.fromisoformat(papers.submission["submitted_on"])).days
    papers.submission["submitted_on"] = LATE_SUBMISSION
    for review in papers.reviews:
        review["reviewed_on"] = _later(review["reviewed_on"], delay)
    for payment in papers.payments:
        for line in payment["lines"]:
            line["paid_on"] = _later(line["paid_on"], delay)
    papers.label(planted, "D13", TERM_ID, "submitted six weeks after the term")


def _table_of_more(papers: Papers, planted: Planted) -> None:
    papers.submission["attachments"][0]["sessions"] *= 2
    papers.label(planted, "D14", "arrangement_table", "twice the sessions in the arrangement table")


def _other_total(papers: Papers, planted: Planted) -> None:
    papers.deliberation_of(papers.term)["items"][0]["amount_fen"] += 130000
    papers.label(planted, "D14", "minutes", "the minutes give another total")


def _not_paid(papers: Papers, planted: Planted) -> None:
    """The next term has long begun, and nobody has been paid."""
    if papers.spring_day is not None:
        papers.payments.clear()
        when = {"service_date": papers.spring_day.isoformat()}
        planted.label("E08", papers.school.school_id, papers.school.school_id, "never paid", **when)


PAPER_FRAUDS: Mapping[str, Callable[[Papers, Planted], None]] = {
    # Later dates come first: what the records speak of by then decides what else can be seen.
    "D13": _submitted_late,
    "E08": _not_paid,
    "D10-signed": _signed_early,
    "D10-paid": _paid_early,
    "D02-late": _month_posted_late,
    "D02-short": _month_posted_shortly,
    "D03-after": _met_afterwards,
    "D03-never": _never_met,
    "D03-few": _too_few_met,
    "D03-content": _other_content_met,
    "D09-paper": _paper_missing,
    "D09-seal": _sealed_another,
    "D11": _objection_unanswered,
    "D12": _not_archived,
    "D14-table": _table_of_more,
    "D14-total": _other_total,
    "D02-missing": _month_not_posted,
}
