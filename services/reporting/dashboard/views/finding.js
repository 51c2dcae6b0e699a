// One finding: what it says and why, its evidence side by side, what has become of it, and what the reader may do about it.

import { context, may, Refusal, report, schoolName, tell } from "../api.js";
import { choice, empty, fill, h, pairs, section } from "../dom.js";
import { code, day, has, hours, instant, language, money, t } from "../words.js";
import { severity, state, titleOf } from "./badges.js";
import { accountsOf, figuresOf, recordsOf } from "./evidence.js";

const DECIDERS = ["centre", "bureau", "auditor"];
const SCHOOLS = ["school", "sandbox"];
const UNDECIDED = ["open", "acknowledged", "explained"];
const STANDING = [...UNDECIDED, "confirmed", "dismissed"];
// What is offered: by whom, from which states (the ledger API has the last word and says what is possible), and what it asks for.
const DECISIONS = [
  ["explain", SCHOOLS, UNDECIDED, ["text"]],
  ["acknowledge", [...SCHOOLS, ...DECIDERS], ["open"], []],
  ["confirm", DECIDERS, UNDECIDED, ["text?"]],
  ["dismiss", DECIDERS, UNDECIDED, ["reason_code", "text"]],
  ["reopen", DECIDERS, ["explained", "confirmed", "dismissed"], ["text"]],
  ["assign", DECIDERS, STANDING, ["assignee"]],
  ["comment", [...SCHOOLS, ...DECIDERS], [...STANDING, "cleared"], ["text"]],
];
const REASONS = ["recorded_late", "recorded_wrong", "permitted", "reported_twice", "rule_mistaken"];
// How long the audit is waited for, that folds a decision into the finding.
const LOOKS = 20, LOOK_MS = 500;

export async function showFinding(stage, { id, refresh }) {
  const finding = await report(`/v1/findings/${encodeURIComponent(id)}`);
  const evidence = section(t("evidence"), { id: "evidence" }, h("div", { className: "two" },
    h("div", { className: "side expected" }, h("h3", {}, t("expected")), h("p", {}, finding.said[language].expected ?? "—")),
    h("div", { className: "side found" }, h("h3", {}, t("found")), h("p", {}, finding.said[language].found ?? "—"))), figuresOf(finding));
  const acts = decide(finding, refresh);
  fill(
    stage,
    h("nav", { className: "crumbs", "aria-label": t("crumbs") }, h("a", { href: "#/findings" }, t("nav.findings")), " › ", h("a", { href: `#/school/${finding.school_id}` }, schoolName(finding.school_id)), " › ", h("span", { "aria-current": "page" }, finding.rule)),
    h("div", { className: "view-head" }, h("h1", {}, `${finding.rule} ${titleOf(finding)}`), h("p", { className: "badges" }, severity(finding.severity), state(finding.state), finding.escalated_at ? h("span", { className: "badge sev-high" }, t("overdue")) : null)),
    h("p", { className: "lead" }, finding.explanation[language]),
    h("div", { className: "with-aside" },
      h("div", {}, evidence),
      h("div", {}, facts(finding), acts)),
    history(finding),
  );
  // What the ledger API adds comes when it comes: the finding can be read without it.
  const [accounts, records] = await Promise.allSettled([may("ledger.read") ? accountsOf(finding) : null, may("ledger.read") ? recordsOf(finding) : keysOnly(finding)]);
  for (const { status, value, reason } of [accounts, records]) {
    if (status === "rejected") evidence.append(h("p", { className: "alert", role: "alert" }, reason instanceof Refusal ? reason.message : t("unreachable_detail")));
    else if (value) evidence.append(...[value].flat().filter(Boolean));
  }
}

const keysOnly = (finding) => h("ul", { className: "keys" }, (finding.evidence.records ?? []).map((key) => h("li", {}, h("code", {}, key))));

function facts(finding) {
  const { subject } = finding;
  const when = finding.service_date
    ? h("a", { href: `#/day/${finding.school_id}?date=${finding.service_date}` }, day(finding.service_date, { year: "numeric", month: "long", day: "numeric", weekday: "short" }))
    : finding.period;
  return section(t("facts"), { id: "facts" }, pairs([
    [t("school"), h("a", { href: `#/school/${finding.school_id}` }, schoolName(finding.school_id))],
    [t("subject"), `${code("subject", subject.kind)} ${subject.id}`],
    [t("when"), when],
    [t("clause"), finding.clause.join("、")],
    [t("hours_at_risk"), finding.hours_at_risk === null ? null : hours(finding.hours_at_risk)],
    [t("money_at_risk"), finding.amount_at_risk_fen === null ? (finding.hours_at_risk === null ? null : t("not_known")) : money(finding.amount_at_risk_fen)],
    [t("rule_version"), `${finding.rule} v${finding.rule_version}`],
    [t("parameters"), Object.keys(finding.parameters).length ? Object.entries(finding.parameters).map(([name, value]) => parameter(name, value)).join("；") : null],
    [t("related"), finding.related.length ? finding.related.join("、") : null],
    [t("first_seen"), instant(finding.first_seen)],
    [t("last_changed"), instant(finding.last_changed)],
  ]));
}

const parameter = (name, value) => `${has(`parameter.${name}`) ? t(`parameter.${name}`) : name.replaceAll("_", " ")} = ${Array.isArray(value) ? value.map((each) => code("said", each)).join("、") : typeof value === "object" ? JSON.stringify(value) : value}`;

function history(finding) {
  const line = (event) => h("li", {},
    h("p", {}, h("b", {}, event.disposition ? code("decision", event.disposition.kind) : code("change", event.change)), " ", state(event.state), h("span", { className: "note" }, ` ${instant(event.at)}`)),
    event.disposition ? h("p", {}, `${code("kind", event.disposition.by_kind)} ${event.disposition.by ?? ""}`, event.disposition.reason_code ? ` · ${code("reason", event.disposition.reason_code)}` : "", event.disposition.assignee ? ` → ${event.disposition.assignee}` : "") : null,
    event.disposition?.text ? h("blockquote", {}, event.disposition.text) : null);
  return section(t("history"), { id: "history" }, h("ol", { className: "timeline" }, [...finding.events].reverse().map(line)));
}

function decide(finding, refresh) {
  const { kind } = context.caller;
  const offered = DECISIONS.filter(([, by, from]) => by.includes(kind) && from.includes(finding.state));
  if (!may("findings.write") || !offered.length) return section(t("decide"), { id: "decide" }, empty(t("nothing_to_decide")));
  const said = h("p", { role: "alert", className: "alert", hidden: true });
  const fields = h("div", {});
  let chosen = offered[0];
  const draw = () => fields.replaceChildren(...chosen[3].map(field));
  const submit = h("button", { type: "submit", className: "primary" }, t("send"));
  draw();
  return section(t("decide"), { id: "decide", note: t(SCHOOLS.includes(kind) ? "decide_school" : "decide_office") },
    h("form", { className: "form", onsubmit: async (event) => {
      event.preventDefault();
      const given = Object.fromEntries([...new FormData(event.target)].filter(([, value]) => value.trim()));
      submit.disabled = true;
      said.hidden = true;
      try {
        const receipt = await tell(`/v1/findings/${encodeURIComponent(finding.finding_id)}/dispositions`, given);
        document.getElementById("said").textContent = t("sent");
        submit.textContent = t("sent_waiting");
        await folded(finding.finding_id, receipt.number);
        refresh();
      } catch (error) {
        submit.disabled = false;
        Object.assign(said, { hidden: false, textContent: error instanceof Refusal ? error.message : t("unreachable_detail") });
      }
    } },
    choice(t("decision"), offered.map(([name]) => [name, code("decision", name)]), chosen[0], (name) => {
      chosen = offered.find(([each]) => each === name);
      draw();
    }, { id: "kind" }),
    fields, said, submit));
}

function field(name) {
  const id = name.replace("?", "");
  const required = !name.endsWith("?");
  if (id === "reason_code") return choice(t("reason"), REASONS.map((reason) => [reason, code("reason", reason)]), REASONS[0], () => undefined, { id });
  const input = id === "text" ? h("textarea", { id, name: id, rows: 4, maxLength: 2000, required }) : h("input", { id, name: id, required });
  return h("label", { className: "field wide", for: id }, h("span", {}, t(`field.${id}`)), input);
}

// The audit folds a decision in within a moment; if it does not, the page shows what is there.
async function folded(findingId, decided) {
  for (let look = 0; look < LOOKS; look += 1) {
    const { events } = await report(`/v1/findings/${encodeURIComponent(findingId)}`);
    if (events.some((event) => event.disposition?.number === decided)) return;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
