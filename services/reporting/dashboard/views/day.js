// One day of one school: each session with its people, its roll, when it was recorded; what the audit found about it.

import { all, context, may, report, schoolName } from "../api.js";
import { empty, fill, h, pairs, section } from "../dom.js";
import { code, day, hours, instant, language, number, t } from "../words.js";
import { severity, state, titleOf } from "./badges.js";

export async function showDay(stage, { id, params }) {
  const date = params.date ?? context.today;
  const [{ items }, findings] = await Promise.all([
    all(report, "/v1/ledger/sessions", { school_id: id, from: date, to: date }, 2000),
    may("findings.read") ? all(report, "/v1/findings", { school_id: id, from: date, to: date }, 1000) : { items: [] },
  ]);
  const live = findings.items.filter((finding) => finding.state !== "cleared");
  const inOrder = [...items].sort((one, other) => one.starts_at.localeCompare(other.starts_at) || one.session_id.localeCompare(other.session_id));
  const about = (session) => live.filter((finding) => finding.subject.kind === "session" && finding.subject.id === session.session_id);
  fill(
    stage,
    h("nav", { className: "crumbs", "aria-label": t("crumbs") },
      context.caller.kind === "school" ? null : [h("a", { href: "#/overview" }, t("nav.overview")), " › "],
      h("a", { href: `#/school/${id}?month=${date.slice(0, 7)}` }, schoolName(id)), " › ", h("span", { "aria-current": "page" }, day(date))),
    h("h1", {}, day(date, { year: "numeric", month: "long", day: "numeric", weekday: "long" })),
    live.length ? section(t("findings"), { id: "day-findings" }, h("ul", { className: "list" }, live.map((finding) => h("li", {},
      h("a", { className: "row", href: `#/finding/${finding.finding_id}` }, severity(finding.severity),
        h("span", { className: "grow" }, h("b", {}, `${finding.rule} ${titleOf(finding)}`), h("span", { className: "why" }, finding.explanation[language])), state(finding.state)))))) : null,
    section(t("sessions_of_day", { n: items.length }), { id: "sessions" },
      inOrder.length ? h("ul", { className: "list" }, inOrder.map((session) => line(session, about(session), params.session === session.session_id))) : empty(t("no_sessions"), t("no_sessions_hint"))),
  );
}

function line(session, findings, open) {
  const place = session.grade ? t("class_name", { grade: session.grade, class: session.class_no ?? "" }) : session.activity;
  return h("li", {}, h("details", { open },
    h("summary", {},
      h("span", { className: "time" }, `${session.starts_at}–${session.ends_at}`),
      h("span", { className: "grow" }, h("b", {}, place), ` ${session.activity === place ? "" : session.activity} `, h("span", { className: "note" }, [code("category", session.category), session.room].filter(Boolean).join(" · "))),
      session.state === "cancelled" ? h("span", { className: "badge" }, t("cancelled")) : h("span", { className: "number" }, t("n_pupils", { n: number(session.headcount) })),
      findings.length ? severity(findings[0].severity) : null),
    pairs([
      [t("session"), `${session.session_id} #${session.revision}`],
      [t("planned"), session.planned_headcount === null ? null : number(session.planned_headcount)],
      [t("people"), h("ul", { className: "plain" }, session.staff.map((member) => h("li", {}, `${member.staff_id} · ${code("role", member.role)} · ${t("n_class_hours", { n: hours(member.class_hours) })}${member.replaces ? ` · ${t("replaces", { who: member.replaces })}` : ""}`)))],
      [t("recorded_at"), instant(session.recorded_at)],
      [t("reason"), session.reason],
      [t("findings"), findings.length ? findings.map((finding) => h("a", { href: `#/finding/${finding.finding_id}` }, `${finding.rule} ${titleOf(finding)}`)) : null],
    ])));
}
