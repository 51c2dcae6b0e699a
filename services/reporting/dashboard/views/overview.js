// The district (or a centre's stage) at a glance: who records day by day, how many come, what does not agree, who was visited.

import { context, ifThere, report, schoolName } from "../api.js";
import { lineChart } from "../charts.js";
import { choice, empty, fill, h, section, table } from "../dom.js";
import { code, day, hours, language, money, moneyAtAGlance, number, percent, t } from "../words.js";
import { dayCell, legend, severity } from "./badges.js";
import { periodChoices, periodOf } from "./period.js";

const ROWS = 30;
const RULES = 12;

export async function showOverview(stage, { params, go }) {
  const period = periodOf(params, { wholeTerm: false });
  if (!period) return void fill(stage, h("h1", {}, t("title.overview")), empty(t("no_terms"), t("no_terms_hint")));
  const where = { stage: params.stage, town: params.town };
  const [discipline, rules, schools, district] = await Promise.all([
    report("/v1/reports/discipline", { ...period.query, ...where }),
    report("/v1/findings/summary", { stage: params.stage }),
    report("/v1/findings/summary", { by: "school", stage: params.stage }),
    ifThere(report("/v1/reports/district", { ...period.query, ...where })),
  ]);
  const change = (given) => go("overview", null, { ...params, ...given }, { replace: true });
  const towns = [...new Set(context.schools.map((school) => school.town).filter(Boolean))].sort();
  fill(
    stage,
    h("div", { className: "view-head" },
      h("h1", {}, t("title.overview")),
      h("div", { className: "filters" },
        periodChoices(period, change),
        context.caller.stage ? null : choice(t("stage"), [["", t("all")], ["primary", code("stage", "primary")], ["junior", code("stage", "junior")]], params.stage, (value) => change({ stage: value }), { id: "stage" }),
        towns.length > 1 ? choice(t("town"), [["", t("all")], ...towns.map((town) => [town, town])], params.town, (town) => change({ town }), { id: "town" }) : null)),
    tiles(discipline, rules.items, district),
    heatMap(discipline, schools.items, params),
    trends(discipline),
    byRule(rules.items, params),
    bySchool(schools.items, params),
    visits(district),
  );
}

function tiles(discipline, rules, district) {
  const sum = (rows, name) => rows.reduce((total, row) => total + (row[name] ?? 0), 0);
  const known = (name) => rules.some((row) => row[name] !== null);
  const last = [...discipline.dates].reverse().find((date) => (date.records.closed ?? 0) + (date.records.recorded ?? 0) + (date.records.late ?? 0));
  const inLedger = last ? last.schools - (last.records.none ?? 0) - (last.records.missing ?? 0) : null;
  const days = (name) => discipline.dates.reduce((total, date) => total + (date.records[name] ?? 0), 0);
  const tile = (name, value, note, className) => h("div", { className: `tile ${className ?? ""}` }, h("dt", {}, name), h("dd", {}, value), note ? h("dd", { className: "note" }, note) : null);
  const critical = sum(rules.filter((row) => row.severity === "critical"), "findings");
  return h("dl", { className: "tiles" },
    tile(t("undecided_findings"), number(sum(rules, "findings")), t("n_critical", { n: number(critical) }), critical ? "tile-warn" : ""),
    tile(t("money_at_risk"), known("amount_at_risk_fen") ? h("span", { title: money(sum(rules, "amount_at_risk_fen")) }, moneyAtAGlance(sum(rules, "amount_at_risk_fen"))) : "—", sum(rules, "unpriced") ? t("n_unpriced", { n: number(sum(rules, "unpriced")) }) : null),
    tile(t("hours_at_risk"), known("hours_at_risk") ? hours(sum(rules, "hours_at_risk")) : "—"),
    tile(t("recorded_on_last"), last ? `${inLedger} / ${last.schools}` : "—", last ? day(last.service_date) : null),
    tile(t("days_missing"), number(days("missing")), t("days_late_n", { n: number(days("late")) }), days("missing") ? "tile-warn" : ""),
    tile(t("attendance_rate"), rate(discipline.dates), t("attendance_rate_note")),
    district ? [
      tile(t("participation_rate"), percent(district.totals.participation.rate), t("participation_note")),
      tile(t("quality_rate"), percent(district.totals.quality_activity.rate), t("quality_note")),
      tile(t("cost_per_attendance"), money(district.totals.cost.per_attendance_fen), district.totals.cost.schools_without_statement ? t("n_without_statement", { n: district.totals.cost.schools_without_statement }) : null),
      tile(t("overdue_rectifications"), number(district.totals.rectifications.overdue), t("of_n_open", { n: number(district.totals.rectifications.open) }), district.totals.rectifications.overdue ? "tile-warn" : ""),
    ] : null,
  );
}

function rate(dates) {
  const came = dates.reduce((total, date) => total + (date.came ?? 0), 0);
  const missing = dates.reduce((total, date) => total + (date.pupils_missing ?? 0), 0);
  return came + missing ? percent(came / (came + missing)) : "—";
}

function heatMap(discipline, bySchool, params) {
  if (!discipline.items.length) return section(t("discipline"), { id: "discipline" }, empty(t("no_days"), t("no_days_hint")));
  const weight = (school) => school.days.reduce((total, each) => total + ({ missing: 1000, late: 10 }[each.record] ?? 0) + (each.record === "none" ? 1 : 0), 0);
  const worst = [...discipline.items].sort((one, other) => weight(other) - weight(one) || one.school_id.localeCompare(other.school_id));
  const rows = params.all ? worst : worst.slice(0, ROWS);
  const found = new Map(bySchool.map((row) => [row.school_id, row.findings]));
  const map = h("table", { className: "heat" },
    h("caption", { className: "unseen" }, t("discipline_caption")),
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t("school")),
      discipline.dates.map((date) => h("th", { scope: "col", className: "heat-date" }, h("abbr", { title: day(date.service_date) }, String(Number(date.service_date.slice(8)))))),
      h("th", { scope: "col", className: "number" }, t("findings")))),
    h("tbody", {}, rows.map((school) => {
      const days = new Map(school.days.map((each) => [each.service_date, each]));
      return h("tr", {},
        h("th", { scope: "row" }, h("a", { href: `#/school/${school.school_id}` }, school.name ?? school.school_id)),
        discipline.dates.map((date) => h("td", {}, days.has(date.service_date) ? dayCell(school.school_id, days.get(date.service_date), school.name) : null)),
        h("td", { className: "number" }, found.has(school.school_id) ? h("a", { href: `#/findings?school=${school.school_id}` }, number(found.get(school.school_id))) : "0"));
    })));
  rove(map);
  return section(t("discipline"), { id: "discipline", aside: legend(), note: t("discipline_note") },
    h("div", { className: "scroll", role: "region", "aria-label": t("discipline"), tabIndex: 0 }, map),
    worst.length > rows.length ? h("p", {}, h("a", { href: `#/overview?${new URLSearchParams({ ...params, all: "1" })}` }, t("show_all_schools", { n: worst.length }))) : null);
}

// One stop for the Tab key; the arrows move among the days.
function rove(map) {
  const cells = [...map.querySelectorAll("tbody tr")].map((row) => [...row.querySelectorAll("td")].map((cell) => cell.querySelector("a.cell")));
  for (const cell of cells.flat()) if (cell) cell.tabIndex = -1;
  const first = cells.flat().find(Boolean);
  if (first) first.tabIndex = 0;
  const steps = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };
  map.addEventListener("keydown", (event) => {
    const step = steps[event.key];
    if (!step || !event.target.matches("a.cell")) return;
    event.preventDefault();
    let row = cells.findIndex((each) => each.includes(event.target));
    let column = cells[row].indexOf(event.target);
    do [row, column] = [row + step[0], column + step[1]];
    while (cells[row] && column >= 0 && column < cells[row].length && !cells[row][column]);
    const next = cells[row]?.[column];
    if (!next) return;
    event.target.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  });
}

function trends(discipline) {
  const dates = discipline.dates.map((date) => date.service_date);
  const rates = discipline.dates.map((date) => (date.came === null || !(date.came + date.pupils_missing) ? null : date.came / (date.came + date.pupils_missing)));
  return section(t("trends"), { id: "trends" },
    dates.length ? h("div", { className: "charts" },
      lineChart(t("attendance_rate"), dates, rates, { share: true }),
      lineChart(t("class_hours_by_day"), dates, discipline.dates.map((date) => date.class_hours)),
    ) : empty(t("no_days")));
}

function byRule(rules, params) {
  if (!rules.length) return section(t("findings_by_rule"), { id: "by-rule" }, empty(t("nothing_found")));
  const most = Math.max(...rules.map((row) => row.findings));
  const link = (row) => `#/findings?${new URLSearchParams({ rule: row.rule, ...(params.stage ? { stage: params.stage } : {}) })}`;
  return section(t("findings_by_rule"), { id: "by-rule", aside: h("a", { href: "#/findings" }, t("all_findings")) },
    table(t("findings_by_rule"), [
      { title: t("rule"), cell: (row) => h("a", { href: link(row) }, `${row.rule} ${row.title[language]}`) },
      { title: t("severity"), cell: (row) => severity(row.severity) },
      { title: t("findings"), number: true, cell: (row) => [h("meter", { min: "0", max: most, value: row.findings, "aria-label": `${row.rule} ${row.findings}` }), " ", number(row.findings)] },
      { title: t("hours_at_risk"), number: true, cell: (row) => hours(row.hours_at_risk) },
      { title: t("money_at_risk"), number: true, cell: (row) => [money(row.amount_at_risk_fen), row.unpriced ? h("span", { className: "note" }, ` ${t("plus_unpriced", { n: row.unpriced })}`) : null] },
    ], params.rules ? rules : rules.slice(0, RULES)),
    !params.rules && rules.length > RULES ? h("p", {}, h("a", { href: `#/overview?${new URLSearchParams({ ...params, rules: "all" })}` }, t("show_all_rules", { n: rules.length }))) : null);
}

const isSchool = (schoolId) => context.schools.some((school) => school.school_id === schoolId);

function bySchool(schools, params) {
  const rows = schools.slice(0, 15);
  if (!rows.length) return null;
  const link = (row) => `#/findings?${new URLSearchParams({ school: row.school_id, ...(params.stage ? { stage: params.stage } : {}) })}`;
  return section(t("findings_by_school"), { id: "by-school", aside: h("a", { href: "#/schools" }, t("nav.schools")) },
    table(t("findings_by_school"), [
      { title: t("school"), cell: (row) => (isSchool(row.school_id) ? h("a", { href: `#/school/${row.school_id}` }, schoolName(row.school_id)) : schoolName(row.school_id)) },
      { title: t("findings"), number: true, cell: (row) => h("a", { href: link(row) }, number(row.findings)) },
      { title: code("severity", "critical"), number: true, cell: (row) => number(row.critical) },
      { title: t("overdue"), number: true, cell: (row) => number(row.overdue) },
      { title: t("money_at_risk"), number: true, cell: (row) => money(row.amount_at_risk_fen) },
    ], rows));
}

function visits(district) {
  if (!district) return section(t("inspection_coverage"), { id: "coverage" }, empty(t("not_served"), t("not_served_hint")));
  if (!district.inspections?.length) return section(t("inspection_coverage"), { id: "coverage" }, empty(t("no_coverage")));
  return section(t("inspection_coverage"), { id: "coverage", note: t("coverage_note") },
    table(t("inspection_coverage"), [
      { title: t("stage"), cell: (row) => code("stage", row.stage) },
      { title: t("inspected"), number: true, cell: (row) => [h("meter", { min: "0", max: row.schools || 1, value: row.inspected, "aria-label": `${code("stage", row.stage)} ${row.inspected} / ${row.schools}` }), ` ${row.inspected} / ${row.schools}`] },
      { title: t("share"), number: true, cell: (row) => percent(row.rate) },
      { title: t("by_year_end"), number: true, cell: (row) => (row.forecast ? `${row.forecast.inspected_by_end} / ${row.schools}` : "—") },
      { title: t("needed_per_week"), number: true, cell: (row) => number(row.forecast?.needed_per_week) },
    ], district.inspections));
}
