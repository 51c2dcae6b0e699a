// The page's frame: who is signed in, where in the page the reader is (kept in the address), language, light and dark.

import { context, learnContext, may, Refusal, renew, signOut } from "./api.js";
import { redrawCharts } from "./charts.js";
import { broken, h, waiting } from "./dom.js";
import { showDay } from "./views/day.js";
import { showFinding } from "./views/finding.js";
import { showFindings } from "./views/findings.js";
import { showOverview } from "./views/overview.js";
import { showReviews } from "./views/reviews.js";
import { showSchool } from "./views/school.js";
import { showSchools } from "./views/schools.js";
import { showSignIn } from "./views/sign_in.js";
import { showSubscriptions, tellGivenUp } from "./views/subscriptions.js";
import { showVisit } from "./views/visit.js";
import { showWhatIf } from "./views/what_if.js";
import { language, speak, t } from "./words.js";

// A view's part of the address, what shows it, and the scope without which there is nothing to show.
const VIEWS = {
  overview: [showOverview, "reports.read"],
  schools: [showSchools, "reports.read"],
  school: [showSchool, "reports.read"],
  day: [showDay, "ledger.read"],
  findings: [showFindings, "findings.read"],
  finding: [showFinding, "findings.read"],
  reviews: [showReviews, "oversight.write"],
  visit: [showVisit, "oversight.write"],
  "what-if": [showWhatIf, "reports.read"],
  subscriptions: [showSubscriptions, "subscriptions.write"],
};
// What each kind of person is led to, the first of them first.
const NAVIGATION = {
  school: ["school", "findings", "what-if", "subscriptions"],
  sandbox: ["school", "findings", "what-if", "subscriptions"],
  centre: ["reviews", "findings", "overview", "schools", "subscriptions"],
  bureau: ["overview", "findings", "schools", "reviews", "what-if", "subscriptions"],
  auditor: ["findings", "overview", "schools", "what-if", "subscriptions"],
};
const RENEW_MS = 25 * 60 * 1000;
const THEMES = ["system", "light", "dark"];

const main = document.getElementById("main");
let leave = null;
let turn = 0;

export function placeOf(hash) {
  const [path, search] = hash.replace(/^#\/?/, "").split("?");
  const [view, id] = path.split("/").map(decodeURIComponent);
  return { view, id, params: Object.fromEntries(new URLSearchParams(search)) };
}

function home() {
  return NAVIGATION[context.caller.kind][0];
}

function theme() {
  return localStorage.getItem("theme") ?? "system";
}

function dress() {
  if (theme() === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme();
  redrawCharts();
}

function frame(view) {
  document.getElementById("skip").textContent = t("skip");
  const links = context.caller ? NAVIGATION[context.caller.kind] : [];
  const current = { school: "schools", day: "schools", finding: "findings", visit: "reviews" };
  document.getElementById("nav").setAttribute("aria-label", t("navigation"));
  document.getElementById("nav").replaceChildren(
    ...links.map((name) =>
      h("a", { href: `#/${name}`, "aria-current": name === view || (!links.includes(view) && name === current[view]) ? "page" : null },
        t(name === "school" ? "nav.own_school" : `nav.${name}`)),
    ),
  );
  document.getElementById("tools").replaceChildren(
    h("button", { type: "button", id: "language", lang: language === "zh" ? "en" : "zh-CN", onclick: changeLanguage }, t("other_language")),
    h("button", { type: "button", id: "theme", onclick: changeTheme, title: t("theme"), "aria-label": `${t("theme")}: ${t(`theme.${theme()}`)}` }, t(`theme.${theme()}`)),
    ...(context.caller ? [
      h("span", { className: "who", title: context.caller.client_id }, t(`kind.${context.caller.kind}`)),
      h("button", { type: "button", id: "sign-out", onclick: leaveSession }, t("sign_out")),
    ] : []),
  );
}

async function changeLanguage() {
  const wanted = language === "zh" ? "en" : "zh";
  localStorage.setItem("language", wanted);
  await speak(wanted);
  sayGivenUp();
  await show({ keepFocus: "language" });
}

function changeTheme() {
  localStorage.setItem("theme", THEMES[(THEMES.indexOf(theme()) + 1) % THEMES.length]);
  dress();
  frame(placeOf(location.hash).view || home());
  document.getElementById("theme").focus();
}

async function leaveSession() {
  await signOut();
  context.caller = null;
  sayGivenUp();
  location.hash = "";
  await show();
}

// Shows what the address names. Whoever leaves meanwhile is not followed: the newest turn alone may write.
async function show({ keepFocus, arrived } = {}) {
  const mine = ++turn;
  leave?.();
  leave = null;
  main.setAttribute("aria-busy", "true");
  try {
    await showPlace(mine, keepFocus, arrived);
  } finally {
    if (mine === turn) {
      main.setAttribute("aria-busy", "false");
      main.dataset.place = location.hash;
    }
  }
}

async function showPlace(mine, keepFocus, arrived) {
  if (!context.caller) {
    frame("");
    document.title = `${t("sign_in")} · 台账`;
    main.replaceChildren();
    showSignIn(main, { begun: begin });
    return;
  }
  let { view, id, params } = placeOf(location.hash);
  if (!(view in VIEWS)) [view, id, params] = [home(), undefined, {}];
  const [open, scope] = VIEWS[view];
  frame(view);
  if (keepFocus) document.getElementById(keepFocus)?.focus();
  document.title = `${t(`title.${view}`)} · 台账`;
  if (!may(scope)) {
    main.replaceChildren(broken({ title: t("no_permission"), detail: t("no_permission_detail", { kind: t(`kind.${context.caller.kind}`) }) }));
    return;
  }
  const stage = h("div", { className: "view" }, waiting(t("reading"), 5));
  main.replaceChildren(stage);
  try {
    const left = await open(stage, { id, params, go, refresh: () => Promise.all([show(), sayGivenUp()]) });
    if (mine === turn) leave = left;
    else left?.();
  } catch (error) {
    if (mine !== turn || (error instanceof Refusal && error.status === 401)) return;
    stage.replaceChildren(failure(error));
  }
  // Who follows a link is taken to where it leads, as on a page of its own.
  if (mine === turn && arrived) main.focus({ preventScroll: true });
}

export function failure(error) {
  const again = { again: () => show(), againWords: t("again") };
  if (error instanceof Refusal && error.status === 403) return broken({ title: t("no_permission"), detail: error.message });
  if (error instanceof Refusal && error.status === 404) return broken({ title: t("not_found"), detail: t("not_found_detail") });
  if (error instanceof Refusal) return broken({ title: t("refused"), detail: error.message, ...again });
  console.error(error);
  return broken({ title: t("unreachable"), detail: t("unreachable_detail"), ...again });
}

// Another place in the page; `params` that are empty are left out. `replace`: a filter is no step to go back to.
function go(view, id, params = {}, { replace = false } = {}) {
  const search = new URLSearchParams(Object.entries(params).filter(([, value]) => value)).toString();
  const hash = `#/${view}${id ? `/${encodeURIComponent(id)}` : ""}${search ? `?${search}` : ""}`;
  if (!replace) location.hash = hash;
  else {
    history.replaceState(null, "", hash);
    show({ keepFocus: document.activeElement?.id || undefined });
  }
}

async function begin() {
  await learnContext();
  await Promise.all([show(), sayGivenUp()]);
}

// It comes when it comes; the page is read without it.
const sayGivenUp = () => tellGivenUp(document.getElementById("notices")).catch((error) => console.warn("subscriptions not read", error));

document.addEventListener("signed-out", () => {
  if (!context.caller) return;
  context.caller = null;
  sessionStorage.setItem("ended", "yes");
  show();
});
// A link within the page moves the address; one to #main moves only the focus.
window.addEventListener("hashchange", () => {
  if (location.hash !== "#main") show({ arrived: true }).then(() => scrollTo(0, 0));
});
document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawCharts);
setInterval(() => {
  // A session that has ended is said where the next request is made.
  if (context.caller && !document.hidden) renew().catch((error) => console.warn("session not renewed", error));
}, RENEW_MS);

dress();
try {
  await speak(localStorage.getItem("language") ?? "zh");
  await begin();
} catch (error) {
  main.replaceChildren(failure(error));
}
