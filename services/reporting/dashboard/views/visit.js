// The on-site sheet, for a phone held in one hand: what should be going on now, and what is seen there.

import { all, context, report, schoolName, tell } from "../api.js";
import { empty, fill, h } from "../dom.js";
import { number, t } from "../words.js";
import { papers } from "./paper.js";

const ITEMS = ["ledger", "collective_deliberation", "publication_procedure"];

export async function showVisit(stage, { id, params, go }) {
  const date = params.date ?? context.today;
  const { items } = await all(report, "/v1/ledger/sessions", { school_id: id, from: date, to: date }, 2000);
  const held = items.filter((session) => session.state === "held").sort((one, other) => one.starts_at.localeCompare(other.starts_at) || (one.room ?? "").localeCompare(other.room ?? ""));
  const said = h("p", { role: "alert", className: "alert", hidden: true });
  fill(
    stage,
    h("nav", { className: "crumbs", "aria-label": t("crumbs") }, h("a", { href: "#/reviews" }, t("nav.reviews")), " › ", h("span", { "aria-current": "page" }, schoolName(id))),
    h("h1", {}, `${t("title.visit")} · ${schoolName(id)}`),
    h("label", { className: "field", for: "visit-date" }, h("span", {}, t("date")), h("input", { id: "visit-date", type: "date", value: date, max: context.today, onchange: (event) => go("visit", id, { date: event.target.value }, { replace: true }) })),
    h("p", { className: "inline" }, t("title.visit"), papers(t("title.visit"), "/v1/reports/onsite", { school_id: id, date }, ["pdf"]), t("dossier"), papers(t("dossier"), "/v1/reports/inspection", { school_id: id }, ["pdf", "xlsx"])),
    h("form", { className: "form visit", onsubmit: async (event) => {
      event.preventDefault();
      try {
        await tell("/v1/inspections", [visitOf(id, date, held, new FormData(event.target))]);
        document.getElementById("said").textContent = t("sent");
        go("reviews");
      } catch (error) {
        Object.assign(said, { hidden: false, textContent: error.message });
        said.scrollIntoView({ block: "center" });
      }
    } },
    h("p", { className: "note" }, t("visit_note")),
    held.length ? h("ul", { className: "list" }, held.map(place)) : empty(t("no_sessions"), t("no_sessions_visit")),
    h("fieldset", {}, h("legend", {}, t("checklist")), ITEMS.map((item) => h("label", { className: "field wide", for: `item-${item}` }, h("span", {}, t(`item.${item}`)), h("input", { id: `item-${item}`, name: `item-${item}` })))),
    h("label", { className: "field wide", for: "team" }, h("span", {}, t("team")), h("input", { id: "team", name: "team", required: true })),
    h("label", { className: "field wide", for: "conclusion" }, h("span", {}, t("conclusion")), h("textarea", { id: "conclusion", name: "conclusion", rows: 3 })),
    said, h("button", { type: "submit", className: "primary big" }, t("record_visit"))),
  );
}

function place(session) {
  const id = `seen-${session.session_id}`;
  return h("li", { className: "row" },
    h("span", { className: "grow" }, h("b", {}, `${session.room ?? "—"} · ${session.starts_at}–${session.ends_at}`), h("span", { className: "why" }, `${session.activity} · ${session.staff.map((member) => member.staff_id).join("、")}`)),
    h("label", { className: "seen", for: id }, h("span", { className: "note" }, t("in_ledger_n", { n: number(session.headcount) })), h("input", { id, name: id, type: "number", min: "0", max: "500", inputMode: "numeric", "aria-label": `${t("seen")} ${session.room ?? session.session_id}`, placeholder: t("seen") })));
}

// Only what was looked at is said: an empty box is no observation.
function visitOf(schoolId, date, held, given) {
  const text = (name) => (given.get(name) ?? "").trim();
  return {
    school_id: schoolId, inspection_id: `${schoolId}-${date}-${Date.now().toString(36)}`, kind: "spot_check", date,
    team: text("team").split(/[、,，\s]+/).filter(Boolean),
    checklist: ITEMS.filter((item) => text(`item-${item}`)).map((item) => ({ item, result: text(`item-${item}`) })),
    observed: held.filter((session) => text(`seen-${session.session_id}`)).map((session) => ({ session_id: session.session_id, observed_headcount: Number(text(`seen-${session.session_id}`)) })),
    ...(text("conclusion") ? { conclusion: text("conclusion") } : {}),
  };
}

