// How a severity, a state and a school's days look, the same everywhere: never by colour alone.

import { h } from "../dom.js";
import { code, day, language, t } from "../words.js";

export const SEVERITIES = ["critical", "high", "medium", "low", "review"];
export const STATES = ["open", "acknowledged", "explained", "confirmed", "dismissed", "cleared"];
export const UNDECIDED = ["open", "acknowledged", "explained"];
export const RECORDS = ["closed", "recorded", "late", "missing", "none", "no_service"];
const MARKS = { closed: "✓", recorded: "·", late: "!", missing: "×", none: "", no_service: "–" };

export const severity = (value) => h("span", { className: `badge sev-${value}` }, code("severity", value));
export const state = (value) => h("span", { className: `badge state-${value}` }, code("state", value));
export const titleOf = (finding) => finding.title[language];

export function legend() {
  return h("ul", { className: "legend", "aria-label": t("legend") },
    RECORDS.map((record) => h("li", {}, h("span", { className: `cell rec-${record}`, "aria-hidden": "true" }, MARKS[record]), t(`record.${record}`))));
}

// One day of a school as a small square that leads to the day.
export function dayCell(schoolId, entry, label) {
  return h("a", {
    className: `cell rec-${entry.record}`,
    href: `#/day/${schoolId}?date=${entry.service_date}`,
    "aria-label": `${label ? `${label}, ` : ""}${day(entry.service_date)}: ${t(`record.${entry.record}`)}`,
    title: `${day(entry.service_date)} ${t(`record.${entry.record}`)}${entry.findings ? ` · ${t("n_findings", { n: entry.findings })}` : ""}`,
    tabIndex: 0,
  }, MARKS[entry.record]);
}
