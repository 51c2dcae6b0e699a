// The schools that the reader may see, with what is undecided about each.

import { context, report } from "../api.js";
import { empty, fill, h, table } from "../dom.js";
import { code, money, number, t } from "../words.js";

export async function showSchools(stage, { params, go }) {
  const { items } = await report("/v1/findings/summary", { by: "school" });
  const found = new Map(items.map((row) => [row.school_id, row]));
  const wanted = (params.q ?? "").trim();
  const rows = context.schools.filter((school) => !wanted || `${school.school_id} ${school.name ?? ""} ${school.town ?? ""}`.includes(wanted));
  fill(
    stage,
    h("div", { className: "view-head" }, h("h1", {}, t("title.schools")),
      h("form", { className: "filters", role: "search", onsubmit: (event) => {
        event.preventDefault();
        go("schools", null, { q: new FormData(event.target).get("q") }, { replace: true });
      } },
      h("label", { className: "field", for: "q" }, h("span", {}, t("school_search")), h("input", { id: "q", name: "q", type: "search", value: wanted })),
      h("button", { type: "submit" }, t("search")))),
    rows.length ? table(t("title.schools"), [
      { title: t("school"), cell: (school) => [h("a", { href: `#/school/${school.school_id}` }, school.name ?? school.school_id), h("span", { className: "note" }, ` ${school.school_id}`)] },
      { title: t("stage"), cell: (school) => school.stages.map((each) => code("stage", each)).join("、") },
      { title: t("town"), cell: (school) => school.town ?? "—" },
      { title: t("undecided_findings"), number: true, cell: (school) => (found.has(school.school_id) ? h("a", { href: `#/findings?school=${school.school_id}` }, number(found.get(school.school_id).findings)) : "0") },
      { title: t("money_at_risk"), number: true, cell: (school) => money(found.get(school.school_id)?.amount_at_risk_fen) },
    ], rows) : empty(t("no_schools"), wanted ? t("no_match_hint") : null),
  );
}
