// A stage centre's desk: submissions that wait for a review, line by line against the ledger; the schools to visit next.

import { all, context, ledger, report, schoolName, tell } from "../api.js";
import { empty, fill, h, section, table } from "../dom.js";
import { code, hours, money, number, t } from "../words.js";

export async function showReviews(stage, { params, go, refresh }) {
  const [submissions, reviews, inspections, found] = await Promise.all([
    all(ledger, "/v1/submissions"), all(ledger, "/v1/reviews"), all(ledger, "/v1/inspections"),
    report("/v1/findings/summary", { by: "school" }),
  ]);
  const reviewed = new Set(reviews.items.map((review) => review.submission_id));
  const queue = submissions.items.filter((submission) => !reviewed.has(submission.submission_id));
  const chosen = submissions.items.find((submission) => submission.submission_id === params.submission);
  fill(
    stage,
    h("h1", {}, t("title.reviews")),
    section(t("review_queue"), { id: "queue", aside: h("span", { className: "note" }, t("n_waiting", { n: queue.length })) },
      queue.length ? h("ul", { className: "list" }, queue.map((submission) => h("li", {},
        h("a", { className: "row", href: `#/reviews?submission=${encodeURIComponent(submission.submission_id)}`, "aria-current": submission === chosen ? "true" : null },
          h("span", { className: "grow" }, h("b", {}, schoolName(submission.school_id)), h("span", { className: "note" }, ` ${submission.term_id} · ${submission.submission_id}`)),
          h("span", {}, t("n_people", { n: submission.lines.length })))))) : empty(t("queue_empty"), t("queue_empty_hint"))),
    chosen ? await sheet(chosen, reviewed.has(chosen.submission_id), refresh, go) : null,
    visits(inspections.items, found.items),
  );
}

// What was submitted beside what the ledger has, the differences first; and the decision.
async function sheet(submission, isReviewed, refresh, go) {
  const workload = await all(report, "/v1/reports/workload", { school_id: submission.school_id, term_id: submission.term_id });
  const worked = new Map(workload.items.map((item) => [item.staff_id, item.class_hours]));
  const apart = (line) => Math.abs(line.class_hours - (worked.get(line.staff_id) ?? 0));
  const lines = [...submission.lines].sort((one, other) => apart(other) - apart(one) || one.staff_id.localeCompare(other.staff_id));
  const differing = lines.filter((line) => apart(line) > 0).length;
  return section(`${schoolName(submission.school_id)} · ${submission.term_id}`, { id: "sheet", note: differing ? t("n_lines_differ", { n: differing }) : t("all_lines_agree") },
    table(t("submission_lines"), [
      { title: t("person"), cell: (line) => line.staff_id },
      { title: t("account.ledger"), number: true, cell: (line) => hours(worked.get(line.staff_id)) },
      { title: t("account.submission"), number: true, cell: (line) => hours(line.class_hours) },
      { title: t("difference"), number: true, cell: (line) => (apart(line) ? h("b", { className: "warn" }, hours(line.class_hours - (worked.get(line.staff_id) ?? 0))) : "—") },
      { title: t("amount"), number: true, cell: (line) => money(line.amount_fen) },
    ], lines),
    isReviewed ? h("p", { className: "good" }, t("reviewed")) : decision(submission, refresh, go));
}

function decision(submission, refresh, go) {
  const said = h("p", { role: "alert", className: "alert", hidden: true });
  return h("form", { className: "form", onsubmit: async (event) => {
    event.preventDefault();
    const given = new FormData(event.target);
    try {
      await tell("/v1/reviews", [{
        school_id: submission.school_id, review_id: `${submission.submission_id}-r${submission.revision}`.slice(-64), submission_id: submission.submission_id,
        decision: event.submitter.value, reviewed_on: context.today, ...(given.get("comments").trim() ? { comments: given.get("comments") } : {}),
      }]);
      go("reviews", null, {});
      refresh();
    } catch (error) {
      Object.assign(said, { hidden: false, textContent: error.message });
    }
  } },
  h("label", { className: "field wide", for: "comments" }, h("span", {}, t("review_comments")), h("textarea", { id: "comments", name: "comments", rows: 3, maxLength: 2000 })), said,
  h("div", { className: "buttons" },
    h("button", { type: "submit", className: "primary", value: "accepted" }, code("review", "accepted")),
    h("button", { type: "submit", value: "returned" }, code("review", "returned"))));
}

function visits(inspections, found) {
  const visited = Map.groupBy(inspections.filter((visit) => visit.conclusion), (visit) => visit.school_id);
  const risk = new Map(found.map((row) => [row.school_id, row.findings]));
  const rows = [...context.schools].sort((one, other) =>
    visited.has(one.school_id) - visited.has(other.school_id) || (risk.get(other.school_id) ?? 0) - (risk.get(one.school_id) ?? 0));
  const reached = rows.filter((school) => visited.has(school.school_id)).length;
  return section(t("inspections"), { id: "inspections", aside: h("span", { className: "note" }, t("n_visited", { n: reached, of: rows.length })), note: t("inspections_note") },
    h("meter", { className: "wide", min: "0", max: Math.max(1, rows.length), value: reached, "aria-label": t("n_visited", { n: reached, of: rows.length }) }),
    draw(),
    table(t("inspections"), [
      { title: t("school"), cell: (school) => h("a", { href: `#/school/${school.school_id}` }, school.name ?? school.school_id) },
      { title: t("last_visit"), cell: (school) => visited.get(school.school_id)?.map((visit) => visit.date).sort().at(-1) ?? t("none_yet") },
      { title: t("undecided_findings"), number: true, cell: (school) => number(risk.get(school.school_id) ?? 0) },
      { title: t("on_site"), cell: (school) => h("a", { href: `#/visit/${school.school_id}` }, t("open_sheet")) },
    ], rows));
}

// A draw that anybody can repeat from its seed, where the ledger API has draws.
function draw() {
  const drawn = h("div", { role: "status" });
  return h("form", { className: "inline", onsubmit: async (event) => {
    event.preventDefault();
    const given = new FormData(event.target);
    const year = context.terms.filter((term) => term.starts_on <= context.today).at(-1)?.term_id.slice(0, 9);
    const body = { academic_year: year, count: Number(given.get("count")), risk_weighted: true, ...(given.get("seed").trim() ? { seed: given.get("seed").trim() } : {}) };
    try {
      const result = await tell("/v1/inspection-draws", body);
      drawn.replaceChildren(h("p", {}, t("drawn_with", { seed: result.seed })), h("ul", { className: "plain" }, result.drawn.map((schoolId) => h("li", {}, h("a", { href: `#/visit/${schoolId}` }, schoolName(schoolId))))));
    } catch (error) {
      drawn.replaceChildren(h("p", { className: "alert" }, error.status === 404 ? t("not_served") : error.message));
    }
  } },
  h("label", { for: "count" }, t("draw_count")), h("input", { id: "count", name: "count", type: "number", min: "1", max: "50", value: "3", required: true }),
  h("label", { for: "seed" }, t("draw_seed")), h("input", { id: "seed", name: "seed", placeholder: t("draw_seed_hint"), maxLength: 128, pattern: "[\\x21-\\x7e]+", title: t("draw_seed_form") }),
  h("button", { type: "submit" }, t("draw")), drawn);
}
