// Which time a view speaks of: a term, or one of its months. Kept in the address.

import { context, monthsOf, termNow } from "../api.js";
import { choice } from "../dom.js";
import { t } from "../words.js";

const WHOLE = "all";

// The term and month that the address names; the month null: the whole term. Null without any term. `wholeTerm`: what holds
// when the address names no month.
export function periodOf(params, { wholeTerm = true } = {}) {
  const term = context.terms.find((each) => each.term_id === params.term) ?? termNow();
  if (!term) return null;
  const months = monthsOf(term);
  const newest = context.latest_record_on?.slice(0, 7);
  const usual = months.includes(newest) ? newest : months.at(-1);
  const whole = wholeTerm ? !months.includes(params.month) : params.month === WHOLE;
  const month = whole ? null : months.includes(params.month) ? params.month : usual;
  return { term, month, months, query: month ? { month } : { term_id: term.term_id } };
}

// Choices of both, that say where to go when changed. `months`: of months alone.
export function periodChoices(period, changed, { months = false } = {}) {
  const begun = context.terms.filter((term) => term.starts_on <= context.today || term === period.term);
  return [
    choice(t("term"), begun.map((term) => [term.term_id, termName(term.term_id)]), period.term.term_id, (term) => changed({ term, month: "" }), { id: "term" }),
    choice(
      t("month"), [...(months ? [] : [[WHOLE, t("whole_term")]]), ...period.months.map((month) => [month, month])],
      period.month ?? WHOLE, (month) => changed({ term: period.term.term_id, month }), { id: "month" },
    ),
  ];
}

export function termName(termId) {
  const [from, to, half] = termId.split("-");
  return t(`term_${half}`, { from, to });
}
