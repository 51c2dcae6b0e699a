// One school: the newest day and what it still lacks, the month's days, each person's work and pay with its why, documents, findings.

import { all, context, ifThere, ledger, may, report } from "../api.js";
import { choice, empty, fill, h, section, table } from "../dom.js";
import { code, day, hours, language, money, number, percent, t } from "../words.js";
import { dayCell, legend, severity, state, titleOf, UNDECIDED } from "./badges.js";
import { papers } from "./paper.js";
import { periodChoices, periodOf, termName } from "./period.js";

export async function showSchool(stage, { id, params, go }) {
  const schoolId = id ?? context.schools[0]?.school_id;
  const school = context.schools.find((each) => each.school_id === schoolId);
  const period = periodOf({ ...params, month: params.month === "all" ? "" : params.month }, { wholeTerm: false });
  if (!school || !period) return void fill(stage, h("h1", {}, t("title.school")), empty(school ? t("no_terms") : t("no_schools"), t("no_terms_hint")));
  const [discipline, workload, pay, findings, documents, slots] = await Promise.all([
    report("/v1/reports/discipline", { month: period.month, school_id: schoolId }),
    report("/v1/reports/workload", { month: period.month, school_id: schoolId, limit: 1000 }),
    report("/v1/reports/compensation", { term_id: period.term.term_id, school_id: schoolId, limit: 1000 }),
    may("findings.read") ? all(report, "/v1/findings", { school_id: schoolId }, 1000) : { items: [] },
    readDocuments(schoolId),
    may("ledger.read") ? all(ledger, "/v1/slots", { school_id: schoolId }, 200) : { items: [] },
  ]);
  const change = (given) => go("school", schoolId, { ...params, ...given }, { replace: true });
  const days = discipline.items[0]?.days ?? [];
  fill(
    stage,
    h("div", { className: "view-head" },
      h("div", {}, h("h1", {}, school.name ?? schoolId), h("p", { className: "note" }, [schoolId, school.stages.map((each) => code("stage", each)).join("、"), school.town].filter(Boolean).join(" · "))),
      h("div", { className: "filters" },
        !id && context.schools.length > 1 ? choice(t("school"), context.schools.map((each) => [each.school_id, each.name ?? each.school_id]), schoolId, (value) => go("school", value, params), { id: "school" }) : null,
        periodChoices(period, change, { months: true }))),
    newestDay(schoolId, days, slots.items.filter((slot) => slot.term_id === period.term.term_id)),
    calendar(schoolId, period.month, days),
    findingsOf(schoolId, findings.items.filter((finding) => UNDECIDED.includes(finding.state))),
    documentsOf(schoolId, documents),
    workloadOf(schoolId, workload, period),
    payOf(schoolId, pay, period),
  );
}

// What of a day is there and what is not; the newest with anything of it, else the newest at all.
function newestDay(schoolId, days, slots) {
  const newest = [...days].reverse().find((each) => each.record !== "none") ?? days.at(-1);
  if (!newest) return section(t("newest_day"), { id: "newest" }, empty(t("no_days"), t("no_days_hint")));
  const weekday = ((new Date(`${newest.service_date}T00:00:00Z`).getUTCDay() + 6) % 7) + 1;
  const due = slots.filter((slot) => !slot.weekdays?.length || slot.weekdays.includes(weekday)).map((slot) => slot.slot);
  const lacking = [
    ...due.filter((slot) => !(newest.slots ?? []).includes(slot)).map((slot) => t("lacks_slot", { slot })),
    newest.sessions !== null && newest.rolled_sessions < newest.sessions ? t("lacks_rolls", { n: newest.sessions - newest.rolled_sessions }) : null,
    newest.record === "none" || newest.record === "missing" ? t("lacks_everything") : null,
    ["recorded", "late"].includes(newest.record) ? t("lacks_closing") : null,
  ].filter(Boolean);
  return section(`${t("newest_day")} · ${day(newest.service_date)}`, { id: "newest", aside: h("a", { href: `#/day/${schoolId}?date=${newest.service_date}` }, t("open_day")) },
    h("dl", { className: "tiles" },
      // Who came nobody knows before a roll is taken.
      [["sessions", newest.sessions], ["rolls", newest.rolled_sessions], ["came", newest.rolled_sessions ? newest.came : null], ["pupils_missing", newest.rolled_sessions ? newest.pupils_missing : null], ["class_hours", newest.class_hours]].map(([name, value]) =>
        h("div", { className: "tile" }, h("dt", {}, t(name)), h("dd", {}, name === "class_hours" ? hours(value) : number(value))))),
    newest.record === "no_service" ? h("p", { className: "good" }, t("record.no_service"))
      : lacking.length ? h("div", { className: "todo" }, h("h3", {}, t("still_missing")), h("ul", {}, lacking.map((each) => h("li", {}, each)))) : h("p", { className: "good" }, t("nothing_missing")));
}

function calendar(schoolId, month, days) {
  const byDate = new Map(days.map((each) => [each.service_date, each]));
  const [year, number_] = month.split("-").map(Number);
  const length = new Date(Date.UTC(year, number_, 0)).getUTCDate();
  const before = (new Date(Date.UTC(year, number_ - 1, 1)).getUTCDay() + 6) % 7;
  const boxes = [...Array(before).fill(null), ...Array.from({ length }, (_, place) => `${month}-${String(place + 1).padStart(2, "0")}`)];
  const weeks = Array.from({ length: Math.ceil(boxes.length / 7) }, (_, week) => Array.from({ length: 7 }, (_, place) => boxes[week * 7 + place] ?? null));
  const names = Array.from({ length: 7 }, (_, place) => day(`2024-01-0${place + 1}`, { weekday: "short" }));
  const box = (date) => {
    if (!date) return h("td", {});
    const entry = byDate.get(date);
    return h("td", {}, h("span", { className: "date" }, String(Number(date.slice(8)))), entry ? dayCell(schoolId, entry) : null,
      entry?.findings ? h("span", { className: "dot" }, t("n_findings", { n: entry.findings })) : null);
  };
  return section(t("calendar"), { id: "calendar", aside: legend() },
    h("table", { className: "calendar" }, h("caption", { className: "unseen" }, month),
      h("thead", {}, h("tr", {}, names.map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", {}, weeks.map((week) => h("tr", {}, week.map(box))))));
}

function findingsOf(schoolId, findings) {
  const rows = [...findings].sort((one, other) => other.last_changed.localeCompare(one.last_changed)).slice(0, 12);
  return section(t("own_findings"), { id: "own-findings", aside: h("a", { href: `#/findings?school=${schoolId}` }, t("all_n_findings", { n: findings.length })) },
    rows.length ? h("ul", { className: "list" }, rows.map((finding) => h("li", {},
      h("a", { className: "row", href: `#/finding/${finding.finding_id}` },
        severity(finding.severity), h("span", { className: "grow" }, h("b", {}, `${finding.rule} ${titleOf(finding)}`), h("span", { className: "why" }, finding.explanation[language])),
        state(finding.state))))) : empty(t("nothing_found")));
}

// Kinds of document in the order of the procedure; null where this server has no such list.
const DOCUMENTS = ["plans", "allocation-plans", "deliberations", "publications", "submissions", "payments"];
const KEYS = { plans: "plan_id", "allocation-plans": "version", deliberations: "deliberation_id", publications: "publication_id", submissions: "submission_id", payments: "payment_id" };

// Those that are led step by step: one by one they say where they stand and what comes next.
const LED = ["plans", "publications", "submissions"];
const SHOWN = 4;

async function readDocuments(schoolId) {
  if (!may("ledger.read")) return [];
  const lists = await Promise.all(DOCUMENTS.map((kind) => ifThere(all(ledger, `/v1/${kind}`, { school_id: schoolId }, 1000))));
  return Promise.all(DOCUMENTS.map(async (kind, place) => {
    const items = lists[place]?.items;
    if (!items) return { kind, items: null };
    const newest = [...items].sort((one, other) => String(other.recorded_at).localeCompare(String(one.recorded_at))).slice(0, SHOWN);
    const led = LED.includes(kind) ? await Promise.all(newest.map((document) => ifThere(ledger(`/v1/${kind}/${schoolId}/${encodeURIComponent(document[KEYS[kind]])}`)))) : [];
    return { kind, items, newest: newest.map((document, each) => ({ ...document, ...led[each] })) };
  }));
}

// What a document says of itself: its state where the server says one, else the steps it carries.
function steps(kind, document) {
  const reached = {
    publications: [["deliberation_id", "deliberated"], ["displayed_from", "displayed"], ["displayed_to", "closed"], ["archive", "archived"]],
    submissions: [["principal_signed_on", "signed"], ["party_seal_on", "sealed"], ["submitted_on", "submitted"]],
    plans: [["adopted_on", "adopted"], ["filed_on", "filed"]],
  }[kind] ?? [];
  return reached.map(([field, name]) => [name, document[field], Array.isArray(document[field]) ? document[field].length > 0 : Boolean(document[field])]);
}

// Those that hang on a wall or are signed.
const ON_PAPER = ["publications", "submissions", "payments"];

function documentsOf(schoolId, documents) {
  const kinds = documents.filter(({ items }) => items);
  const line = (kind, document) => {
    const marks = steps(kind, document);
    const next = document.possible?.[0]?.step ?? marks.find(([, , done]) => !done)?.[0];
    const objections = (document.objections ?? []).filter((each) => !each.answered_on).length;
    return h("li", { className: "document" },
      h("b", {}, document[KEYS[kind]]), document.period || document.term_id ? h("span", { className: "note" }, document.period ?? document.term_id) : null,
      document.state ? h("span", { className: "badge" }, code("step", document.state)) : null,
      marks.length ? h("ol", { className: "steps" }, marks.map(([name, value, done]) => h("li", { className: done ? "done" : null }, h("span", { className: "unseen" }, done ? t("done") : t("not_done")), code("step", name), typeof value === "string" && /^\d{4}-/.test(value) ? h("span", { className: "note" }, ` ${value}`) : null))) : null,
      objections ? h("p", { className: "todo" }, t("open_objections", { n: objections })) : null,
      next ? h("p", { className: "next" }, t("next_is", { step: code("step", next) })) : null,
      ON_PAPER.includes(kind) ? papers(`${t(`document.${kind}`)} ${document[KEYS[kind]]}`, `/v1/reports/${kind}/${encodeURIComponent(document[KEYS[kind]])}`, { school_id: schoolId }, ["pdf", "xlsx"]) : null);
  };
  return section(t("documents"), { id: "documents" },
    kinds.length ? kinds.map(({ kind, items, newest }) => h("div", { className: "documents" }, h("h3", {}, `${t(`document.${kind}`)} `, h("span", { className: "note" }, number(items.length))),
      items.length ? h("ul", { className: "list" }, newest.map((document) => line(kind, document))) : h("p", { className: "note" }, t("none_yet")))) : empty(t("no_permission_documents")));
}

function workloadOf(schoolId, workload, period) {
  const slots = [...new Set(workload.items.flatMap((item) => Object.keys(item.by_slot)))].sort();
  return section(`${t("workload")} · ${period.month}`, { id: "workload", aside: papers(t("workload"), "/v1/reports/workload", { school_id: schoolId, month: period.month }), note: t("chain_position", { seq: workload.chain.seq, head: workload.chain.head.slice(0, 12) }) },
    workload.items.length ? table(t("workload"), [
      { title: t("person"), cell: (item) => item.staff_id },
      { title: t("days"), number: true, cell: (item) => number(item.dates.length) },
      ...slots.map((slot) => ({ title: slot, number: true, cell: (item) => (item.by_slot[slot] === undefined ? "" : hours(item.by_slot[slot])) })),
      { title: t("class_hours"), number: true, cell: (item) => h("b", {}, hours(item.class_hours)) },
    ], workload.items) : empty(t("no_work")));
}

function payOf(schoolId, pay, period) {
  const { budget } = pay;
  const used = budget.budget_fen ? budget.used_fen / budget.budget_fen : null;
  return section(`${t("compensation")} · ${termName(period.term.term_id)}`, { id: "compensation", aside: papers(t("compensation"), "/v1/reports/compensation", { school_id: schoolId, term_id: period.term.term_id }), note: pay.unpriced.length ? t("n_unpriced_lines", { n: pay.unpriced.length }) : null },
    // Work without a plan in force has no price: that is not nought.
    pay.people || !pay.unpriced.length ? h("p", {}, h("b", { className: "sum" }, money(pay.total_fen)), ` ${t("for_n_people", { n: pay.people })}`,
      used === null ? null : h("span", { className: "budget" }, h("meter", { min: "0", max: 1, value: Math.min(1, used), "aria-label": t("budget_use") }), ` ${t("of_budget", { share: percent(used), budget: money(budget.budget_fen) })}`)) : null,
    pay.items.length ? h("ul", { className: "list slips" }, pay.items.map((slip) => h("li", {}, h("details", { ontoggle: (event) => explain(event.target, slip) },
      h("summary", {}, h("span", { className: "grow" }, slip.staff_id), h("span", { className: "number" }, t("n_class_hours", { n: hours(slip.class_hours) })), h("b", { className: "number" }, money(slip.amount_fen))))))) : empty(t(pay.unpriced.length ? "nothing_priced" : "no_work")));
}

function explain(details, slip) {
  if (!details.open || details.querySelector("table")) return;
  details.append(table(`${t("why")} ${slip.staff_id}`, [
    { title: t("date"), cell: (line) => day(line.service_date) },
    { title: t("why"), cell: (line) => line.why },
    { title: t("plan_version"), cell: (line) => line.plan_version },
    { title: t("amount"), number: true, cell: (line) => money(line.amount_fen) },
  ], slip.lines));
}

