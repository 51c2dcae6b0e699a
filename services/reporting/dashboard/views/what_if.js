// What a draft of the allocation plan would have paid, beside what the plan in force pays: totals, spread, who gains and loses.

import { all, compute, context, ledger, query, Refusal, report } from "../api.js";
import { spreadChart } from "../charts.js";
import { choice, empty, fill, h, section, table } from "../dom.js";
import { hours, language, money, number, t } from "../words.js";
import { periodChoices, periodOf } from "./period.js";

// What a plan says, of all that the ledger shows of it: its state and digest are no part of a draft.
const OF_A_DRAFT = ["school_id", "effective_from", "effective_to", "factors", "duty_rate_fen", "caps", "budget_fen", "over_budget", "rounding"];

export async function showWhatIf(stage, { params, go }) {
  const schoolId = params.school ?? context.schools[0]?.school_id;
  const period = periodOf(params);
  if (!schoolId || !period) return void fill(stage, h("h1", {}, t("title.what-if")), empty(t("no_terms"), t("no_terms_hint")));
  const [{ items: plans }, today] = await Promise.all([
    all(ledger, "/v1/allocation-plans", { school_id: schoolId }), report("/v1/reports/compensation", { school_id: schoolId, ...period.query, limit: 1000 }),
  ]);
  const plan = plans.filter((each) => !each.reason).at(-1) ?? plans.at(-1);
  const change = (given) => go("what-if", null, { ...params, ...given }, { replace: true });
  const result = h("div", { "aria-live": "polite" });
  fill(
    stage,
    h("div", { className: "view-head" }, h("h1", {}, t("title.what-if")), h("div", { className: "filters" },
      context.schools.length > 1 ? choice(t("school"), context.schools.map((each) => [each.school_id, each.name ?? each.school_id]), schoolId, (school) => change({ school }), { id: "school" }) : null,
      periodChoices(period, change))),
    section(t("plan_today"), { id: "today" }, today.people || !today.unpriced.length ? [h("p", {}, h("b", { className: "sum" }, money(today.total_fen)), ` ${t("for_n_people", { n: today.people })}`), spread(today.items)] : empty(t("nothing_priced"))),
    plan ? section(t("draft_plan"), { id: "draft", note: t("draft_note") }, form(plan, schoolId, period, result), result) : empty(t("no_plan"), t("no_plan_hint")),
  );
}

function form(plan, schoolId, period, result) {
  const rates = Object.entries(plan.rate_fen_per_class_hour ?? {});
  const roles = Object.entries(plan.factors?.role ?? {});
  const field = (name, words, value, step) => h("label", { className: "field", for: name }, h("span", {}, words), h("input", { id: name, name, type: "number", min: "0", step, value: String(value), required: true }));
  return h("form", { className: "form", onsubmit: async (event) => {
    event.preventDefault();
    const given = new FormData(event.target);
    const draft = {
      ...Object.fromEntries(OF_A_DRAFT.filter((name) => name in plan).map((name) => [name, plan[name]])),
      rate_fen_per_class_hour: Object.fromEntries(rates.map(([name]) => [name, Math.round(Number(given.get(`rate-${name}`)) * 100)])),
      factors: { ...plan.factors, role: Object.fromEntries(roles.map(([name]) => [name, Number(given.get(`role-${name}`))])) },
    };
    try {
      const answer = await compute(`/v1/reports/compensation/what-if${query({ school_id: schoolId, ...period.query })}`, draft);
      fill(result, compare(answer));
    } catch (error) {
      fill(result, h("p", { className: "alert" }, error instanceof Refusal && [404, 405].includes(error.status) ? t("not_served") : error.message));
    }
  } },
  h("div", { className: "filters" },
    rates.map(([name, fen]) => field(`rate-${name}`, `${t("rate")} ${name === "*" ? t("all_else") : t(`category.${name}`)}`, fen / 100, "0.01")),
    roles.map(([name, factor]) => field(`role-${name}`, `${t("factor")} ${t(`role.${name}`)}`, factor, "0.01"))),
  h("button", { type: "submit", className: "primary" }, t("compute")));
}

// How the pay spreads over the people: quarters, and the highest against the lowest.
function spread(slips) {
  const amounts = slips.map((slip) => slip.amount_fen).sort((one, other) => one - other);
  if (!amounts.length) return empty(t("no_work"));
  const at = (share) => amounts[Math.min(amounts.length - 1, Math.floor(share * amounts.length))];
  return h("dl", { className: "tiles" }, [["lowest", amounts[0]], ["quarter", at(0.25)], ["middle", at(0.5)], ["three_quarters", at(0.75)], ["highest", amounts.at(-1)]]
    .map(([name, fen]) => tile(t(name), money(fen))));
}

const tile = (name, value, note) => h("div", { className: "tile" }, h("dt", {}, name), h("dd", {}, value), note ? h("dd", { className: "note" }, note) : null);

function compare(answer) {
  const rising = (name) => answer.items.map((item) => item[name] / 100).sort((one, other) => one - other);
  const gini = (run) => (run.spread ? t("gini", { value: number(run.spread.gini, 3) }) : null);
  return h("div", { className: "panel-body" },
    h("dl", { className: "tiles" },
      tile(t("plan_today"), money(answer.today.total_fen), gini(answer.today)), tile(t("draft_plan"), money(answer.draft.total_fen), gini(answer.draft)),
      tile(t("difference"), money(answer.difference_fen)), tile(t("gain_and_lose"), `${answer.gain} / ${answer.lose}`, t("n_unchanged", { n: answer.unchanged }))),
    answer.draft.remarks?.length ? h("ul", { className: "todo" }, answer.draft.remarks.map((remark) => h("li", {}, remark[language]))) : null,
    answer.items.length ? spreadChart(t("spread"), [[t("plan_today"), rising("today_fen")], [t("draft_plan"), rising("draft_fen")]]) : null,
    answer.items.length ? table(t("who_gains"), [
      { title: t("person"), cell: (row) => row.staff_id },
      { title: t("class_hours"), number: true, cell: (row) => hours(row.class_hours) },
      { title: t("plan_today"), number: true, cell: (row) => money(row.today_fen) },
      { title: t("draft_plan"), number: true, cell: (row) => money(row.draft_fen) },
      { title: t("difference"), number: true, cell: (row) => money(row.difference_fen) },
    ], answer.items) : empty(t("no_work")));
}
