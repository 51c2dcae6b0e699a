// The findings as a list that lives: filters in the address, the newest changes as they are committed, ways to subscribe.

import { all, context, may, report, schoolName, tell } from "../api.js";
import { choice, empty, fill, h } from "../dom.js";
import { code, day, hours, instant, language, money, number, t } from "../words.js";
import { severity, SEVERITIES, state, STATES, titleOf, UNDECIDED } from "./badges.js";

const SHOWN = 100;
const FILTERS = ["state", "severity", "rule", "school", "stage", "from", "to"];

export async function showFindings(stage, { params, go }) {
  // First where the feed stands, then the list: what is committed in between is read twice, never missed.
  const summary = await report("/v1/findings/summary");
  const { items, whole } = await all(report, "/v1/findings", {
    school_id: params.school, severity: params.severity, rule: params.rule, stage: params.stage, from: params.from, to: params.to,
    state: UNDECIDED_OR(params.state),
  });
  const kept = new Map(items.filter((finding) => matches(finding, params)).map((finding) => [finding.finding_id, finding]));
  const list = h("ol", { className: "list findings" });
  const count = h("p", { className: "note", id: "count" });
  const live = h("span", { className: "live", role: "status" }, t("connecting"));
  const shown = { most: SHOWN, fresh: new Set() };
  const draw = () => drawList(list, count, kept, shown, whole, draw);
  fill(
    stage,
    h("div", { className: "view-head" }, h("h1", {}, t("title.findings")), live),
    filters(params, go, summary.items), h("div", { className: "row-between" }, count, subscribe(params)), list,
  );
  draw();
  return follow(summary.cursor, params, kept, shown, draw, live);
}

// The API filters by one state; undecided ones are three.
const UNDECIDED_OR = (wanted) => (STATES.includes(wanted) ? wanted : undefined);

function matches(finding, params) {
  const states = params.state === "any" ? STATES : STATES.includes(params.state) ? [params.state] : UNDECIDED;
  const stages = context.schools.find((school) => school.school_id === finding.school_id)?.stages ?? [];
  return states.includes(finding.state)
    && (!params.severity || finding.severity === params.severity)
    && (!params.rule || finding.rule === params.rule)
    && (!params.school || finding.school_id === params.school)
    && (!params.stage || stages.includes(params.stage))
    && (!params.from || (finding.service_date ?? "") >= params.from)
    && (!params.to || (finding.service_date !== null && finding.service_date <= params.to));
}

function filters(params, go, rules) {
  const change = (given) => go("findings", null, { ...params, ...given }, { replace: true });
  const dateField = (name) => h("label", { className: "field", for: name }, h("span", {}, t(name)), h("input", { type: "date", id: name, value: params[name] ?? "", onchange: (event) => change({ [name]: event.target.value }) }));
  const names = [...new Map(rules.map((row) => [row.rule, `${row.rule} ${row.title[language]}`])).entries()].sort();
  if (params.rule && !names.some(([rule]) => rule === params.rule)) names.push([params.rule, params.rule]);
  return h("div", { className: "filters card", role: "group", "aria-label": t("filters") },
    choice(t("state"), [["", t("undecided")], ["any", t("all")], ...STATES.map((each) => [each, code("state", each)])], params.state, (value) => change({ state: value }), { id: "state" }),
    choice(t("severity"), [["", t("all")], ...SEVERITIES.map((each) => [each, code("severity", each)])], params.severity, (value) => change({ severity: value }), { id: "severity" }),
    choice(t("rule"), [["", t("all")], ...names], params.rule, (value) => change({ rule: value }), { id: "rule" }),
    context.schools.length > 1 ? choice(t("school"), [["", t("all")], ...context.schools.map((each) => [each.school_id, each.name ?? each.school_id])], params.school, (value) => change({ school: value }), { id: "school" }) : null,
    context.caller.kind === "bureau" || context.caller.kind === "auditor" ? choice(t("stage"), [["", t("all")], ["primary", code("stage", "primary")], ["junior", code("stage", "junior")]], params.stage, (value) => change({ stage: value }), { id: "stage" }) : null,
    dateField("from"), dateField("to"),
    FILTERS.some((name) => params[name]) ? h("button", { type: "button", onclick: () => go("findings", null, {}, { replace: true }) }, t("clear_filters")) : null);
}

function drawList(list, count, kept, shown, whole, again) {
  const inOrder = [...kept.values()].sort((one, other) =>
    shown.fresh.has(other.finding_id) - shown.fresh.has(one.finding_id)
    || SEVERITIES.indexOf(one.severity) - SEVERITIES.indexOf(other.severity)
    || other.last_changed.localeCompare(one.last_changed)
    || one.finding_id.localeCompare(other.finding_id));
  const atRisk = inOrder.reduce((sum, finding) => sum + (finding.amount_at_risk_fen ?? 0), 0);
  const words = whole ? "n_findings_shown" : "first_n_findings_shown";
  count.textContent = t(words, { n: number(inOrder.length), money: money(atRisk) });
  list.replaceChildren(...inOrder.slice(0, shown.most).map((finding) => card(finding, shown.fresh.has(finding.finding_id))));
  if (!inOrder.length) list.append(h("li", {}, empty(t("nothing_matches"), t("nothing_matches_hint"))));
  if (inOrder.length > shown.most) {
    list.append(h("li", { className: "more" }, h("button", { type: "button", onclick: () => {
      shown.most += SHOWN;
      again();
    } }, t("show_more", { n: inOrder.length - shown.most }))));
  }
}

function card(finding, fresh) {
  return h("li", { className: fresh ? "fresh" : null, dataset: { finding: finding.finding_id } },
    h("a", { className: "row", href: `#/finding/${finding.finding_id}` },
      severity(finding.severity),
      h("span", { className: "grow" },
        h("b", {}, `${finding.rule} ${titleOf(finding)}`), fresh ? h("span", { className: "badge new" }, t("new")) : null,
        h("span", { className: "note" }, ` ${schoolName(finding.school_id)} · ${finding.service_date ? day(finding.service_date) : finding.period}`),
        h("span", { className: "why" }, finding.explanation[language])),
      h("span", { className: "stakes" },
        finding.amount_at_risk_fen === null ? (finding.hours_at_risk === null ? null : t("n_class_hours", { n: hours(finding.hours_at_risk) })) : money(finding.amount_at_risk_fen),
        state(finding.state), finding.escalated_at ? h("span", { className: "badge sev-high" }, t("overdue")) : null)));
}

// Changes as they are committed. The browser resumes by itself after a break, from the last event it saw.
function follow(cursor, params, kept, shown, draw, live) {
  const source = new EventSource(`/v1/findings/stream?after=${cursor}`);
  const heard = (message) => {
    const { finding, change, at } = JSON.parse(message.data);
    const before = kept.has(finding.finding_id);
    const merged = { ...kept.get(finding.finding_id), last_changed: at, escalated_at: null, ...finding };
    if (matches(merged, params)) {
      kept.set(finding.finding_id, merged);
      shown.fresh.add(finding.finding_id);
      if (!before) document.getElementById("said").textContent = t("new_finding", { what: `${finding.rule} ${titleOf(finding)}`, school: schoolName(finding.school_id) });
    } else kept.delete(finding.finding_id);
    live.textContent = t("live_changed", { change: code("change", change), at: instant(at) });
    draw();
  };
  for (const change of ["opened", "updated", "cleared", "reopened", "disposed", "escalated"]) source.addEventListener(change, heard);
  source.onopen = () => {
    live.textContent = t("live");
    live.dataset.on = "yes";
  };
  source.onerror = () => {
    live.textContent = t("lost");
    delete live.dataset.on;
  };
  return () => source.close();
}

// Where programs and readers follow the same; a webhook is made here where the ledger API has them.
function subscribe(params) {
  const here = (path) => h("code", {}, `${location.origin}${path}`);
  const said = h("p", { role: "status" });
  const form = may("subscriptions.write") ? h("form", { className: "inline", onsubmit: async (event) => {
    event.preventDefault();
    const filter = Object.fromEntries(Object.entries({ severity: params.severity ? [params.severity] : null, rules: params.rule ? [params.rule] : null, schools: params.school ? [params.school] : null }).filter(([, value]) => value));
    try {
      const made = await tell("/v1/subscriptions", { url: new FormData(event.target).get("url"), filter });
      said.textContent = t("subscribed", { secret: made.secret ?? "—" });
    } catch (error) {
      said.textContent = error.status === 404 ? t("not_served") : error.message ?? t("unreachable_detail");
    }
  } }, h("label", { for: "webhook" }, t("webhook_url")), h("input", { id: "webhook", name: "url", type: "url", required: true, placeholder: "https://" }), h("button", { type: "submit" }, t("subscribe"))) : null;
  return h("details", { className: "menu" }, h("summary", {}, t("subscribe")), h("div", { className: "card" },
    h("p", {}, t("subscribe_lead")),
    h("dl", { className: "pairs" },
      [["Server-Sent Events", "/v1/findings/stream"], ["Atom", "/v1/findings/feed.atom"], ["JSON Feed", "/v1/findings/feed.json"], [t("pages_of_events"), "/v1/findings/events?after=&wait=30"]].map(([name, path]) => h("div", {}, h("dt", {}, name), h("dd", {}, here(path))))),
    h("p", {}, h("a", { href: `/v1/findings?${new URLSearchParams({ format: "csv", limit: "1000", ...(params.rule ? { rule: params.rule } : {}), ...(params.school ? { school_id: params.school } : {}) })}` }, t("as_csv"))),
    form, said, h("p", {}, h("a", { href: "#/subscriptions" }, t("see_subscriptions")))));
}

