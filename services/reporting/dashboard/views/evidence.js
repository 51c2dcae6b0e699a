// What a finding rests on: its figures, its series, the records it names as the ledger has them, and a person's four accounts.

import { all, ifThere, ledger, report, schoolName } from "../api.js";
import { lineChart } from "../charts.js";
import { h, pairs, table } from "../dom.js";
import { code, day, has, hours, instant, money, number, t } from "../words.js";

const RECORDS = 6;

// "sessions/3101150003/h00#1" and "publications/p-2025-09#1/T001": what, which, in which revision, whose line.
export function recordOf(key) {
  const match = /^([a-z-]+)\/(.+?)(?:#(\d+))?(?:\/([^/#]+))?$/.exec(key);
  if (!match) return { key };
  const [, resource, name, revision, person] = match;
  return { key, resource, name, revision: revision ? Number(revision) : null, person };
}

export async function recordsOf(finding) {
  const named = (finding.evidence.records ?? []).map(recordOf);
  const sessions = named.filter((record) => record.resource === "sessions").slice(0, RECORDS);
  const histories = await Promise.all(sessions.map((record) => ifThere(ledger(`/v1/sessions/${record.name}/revisions`))));
  const found = sessions.map((record, place) => histories[place]?.items.find((each) => each.revision === record.revision) ?? histories[place]?.items[0]).filter(Boolean);
  return [
    found.length ? beside(found) : null,
    named.length ? h("details", { open: !found.length && named.length <= 12 }, h("summary", {}, t("n_records", { n: number(named.length) })),
      h("ul", { className: "keys" }, named.slice(0, 200).map((record) => h("li", {}, h("code", {}, record.key))))) : null,
  ];
}

// Sessions as columns, so that what differs stands side by side; what is alike is quiet.
function beside(revisions) {
  const rows = [
    [t("session"), ({ content }) => content.session_id],
    [t("school"), ({ content }) => h("a", { href: `#/day/${content.school_id}?date=${content.service_date}&session=${content.session_id}` }, schoolName(content.school_id))],
    [t("date"), ({ content }) => day(content.service_date)],
    [t("time"), ({ content }) => `${content.starts_at}–${content.ends_at}`],
    [t("slot"), ({ content }) => content.slot],
    [t("room"), ({ content }) => content.room ?? "—"],
    [t("activity"), ({ content }) => `${content.activity} · ${code("category", content.category)}`],
    [t("headcount"), ({ content }) => number(content.headcount)],
    [t("people"), ({ content }) => h("ul", { className: "plain" }, content.staff.map((member) => h("li", {}, `${member.staff_id} · ${code("role", member.role)} · ${hours(member.class_hours)}`)))],
    [t("revision"), (revision) => `#${revision.revision}`],
    [t("recorded_at"), (revision) => instant(revision.recorded_at)],
    [t("recorded_by"), (revision) => revision.recorded_by],
    [t("reason"), (revision) => revision.reason ?? "—"],
  ];
  const columns = [
    { title: "", cell: ([name]) => name },
    ...revisions.map((revision, place) => ({ title: t("record_n", { n: place + 1 }), cell: ([, show]) => show(revision) })),
  ];
  return table(t("records_beside"), columns, rows);
}

// ledger | published | submitted | reviewed | paid, of the person a finding is about. Null when it is about no statement.
export async function accountsOf(finding) {
  const isMonth = /^\d{4}-\d{2}$/.test(finding.period ?? "");
  if (finding.subject.kind !== "staff" || !finding.period || !/^[DE]/.test(finding.rule)) return null;
  const period = isMonth ? { month: finding.period } : { term_id: finding.period };
  const served = await ifThere(all(report, "/v1/reports/reconciliation", { school_id: finding.school_id, ...period }));
  const columns = served ? fromReport(served.items, finding) : await fromDocuments(finding, period);
  if (!columns) return null;
  const said = (name) => columns.find(([each]) => each === name)?.[1];
  // Each account is held against the nearest before it that says something of the person.
  let hours_ = null, fen = null;
  return [
    h("h3", {}, `${t("accounts_beside")} · ${finding.subject.id}`),
    h("ol", { className: "accounts" }, columns.map(([name]) => {
      const { class_hours = null, amount_fen = null } = said(name) ?? {};
      const differs = (class_hours ?? hours_) !== (hours_ ?? class_hours) || (amount_fen ?? fen) !== (fen ?? amount_fen);
      hours_ = class_hours ?? hours_;
      fen = amount_fen ?? fen;
      return h("li", { className: differs ? "differs" : null }, h("h4", {}, t(`account.${name}`), differs ? h("span", { className: "warn" }, ` ${t("differs")}`) : null),
        h("p", {}, class_hours === null ? null : t("n_class_hours", { n: hours(class_hours) })),
        h("p", {}, amount_fen === null ? (class_hours === null ? t("says_nothing") : null) : h("b", {}, money(amount_fen))));
    })),
  ];
}

function fromReport(items, finding) {
  const person = items.find((item) => item.staff_id === finding.subject.id);
  return person && ["ledger", "publication", "submission", "review", "payment"].map((name) => [name, person[name]]);
}

async function fromDocuments(finding, period) {
  const where = { school_id: finding.school_id };
  const [workload, ...lists] = await Promise.all([
    all(report, "/v1/reports/workload", { ...where, ...period }),
    ...["publications", "submissions", "payments"].map((kind) => ifThere(all(ledger, `/v1/${kind}`, where))),
  ]);
  const ours = (line) => line.staff_id === finding.subject.id;
  const newest = (list) => list?.items.filter((document) => (document.period ?? document.term_id) === finding.period).sort((one, other) => other.recorded_at.localeCompare(one.recorded_at))[0];
  return [
    ["ledger", workload.items.find(ours)],
    ...["publication", "submission", "payment"].map((name, place) => [name, newest(lists[place])?.lines.find(ours)]),
  ];
}

// The figures beside what was expected: a series over days as a line, the rest as pairs.
export function figuresOf(finding) {
  const values = finding.evidence.values ?? {};
  const several = Array.isArray(values) ? values : [values];
  return several.map((each) => {
    const dates = Array.isArray(each.days) && each.days.every((date) => /^\d{4}-\d{2}-\d{2}$/.test(date)) ? each.days : null;
    const series = dates ? Object.entries(each).filter(([, value]) => Array.isArray(value) && value.length === dates.length && value.every((one) => typeof one === "number")) : [];
    const drawn = new Set(["days", ...series.map(([name]) => name)]);
    const rest = Object.entries(each).filter(([name, value]) => !(series.length && drawn.has(name)) && value !== null);
    return [
      series.map(([name, value]) => lineChart(named(name), dates, value)),
      rest.length ? pairs(rest.map(([name, value]) => [named(name), written(name, value)])) : null,
    ];
  });
}

const named = (name) => (has(`value.${name}`) ? t(`value.${name}`) : name.replace(/_(fen|hundredths)$/, "").replaceAll("_", " "));

function written(name, value) {
  if (typeof value === "number" && name.endsWith("_fen")) return money(value);
  if (typeof value === "number" && name.endsWith("_hundredths")) return hours(value / 100);
  if (typeof value === "number") return number(value, 3);
  if (typeof value === "boolean") return t(value ? "yes" : "no");
  if (Array.isArray(value)) return value.map((each) => written(name, each)).join("、");
  if (value !== null && typeof value === "object") return Object.entries(value).map(([key, each]) => `${named(key)}: ${written(key, each)}`).join("；");
  const chance = /^once in (more than )?([\d^]+)$/.exec(value ?? "");
  return chance ? t(chance[1] ? "once_in_more" : "once_in", { n: chance[2] }) : code("said", String(value ?? "—"));
}
