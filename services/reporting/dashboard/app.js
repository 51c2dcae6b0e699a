// The open findings, live. The token comes in the address's fragment, which no server sees, and stays in this tab.

const WORDS = {
  zh: {
    switch: "English", open: "未结问题", critical: "严重", schools: "涉及学校", hours: "存疑课时", by_rule: "按规则",
    findings: "问题清单", live: "实时更新中", waiting: "正在读取……", none: "没有未结问题。",
    sign_in: "请用登录链接打开本页（make demo 结束时会显示）。", ended: "登录已过期，请重新取得登录链接。",
    lost: "暂时连接不上，正在重试……", rule: "规则", clause: "依据", expected: "应为", found: "实际", records: "涉及记录",
    first_seen: "首次发现",
    severity: { critical: "严重", high: "高", medium: "中", low: "低", review: "待核" },
  },
  en: {
    switch: "中文", open: "open findings", critical: "critical", schools: "schools concerned", hours: "hours at risk",
    by_rule: "By rule", findings: "Findings", live: "live", waiting: "reading…", none: "Nothing is open.",
    sign_in: "Open this page by a sign-in link (make demo prints one).", ended: "Signed out; ask for a new sign-in link.",
    lost: "Cannot connect; trying again…", rule: "rule", clause: "clause", expected: "expected", found: "found",
    records: "records", first_seen: "first seen",
    severity: { critical: "critical", high: "high", medium: "medium", low: "low", review: "review" },
  },
};
const SEVERITIES = ["critical", "high", "medium", "low", "review"];
const LONG_POLL_SECONDS = 25;
const RETRY_MS = 3000;

const at = (id) => document.getElementById(id);
let language = localStorage.getItem("language") ?? "zh";
let findings = null;
let state = "waiting";

class SignedOut extends Error {}

function token() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    sessionStorage.setItem("token", given);
    history.replaceState(null, "", location.pathname);
  }
  return sessionStorage.getItem("token");
}

async function read(path) {
  const answer = await fetch(path, { headers: { Authorization: `Bearer ${token()}`, Accept: "application/json" } });
  if (answer.status === 401) throw new SignedOut();
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function pairs(list, rows) {
  for (const [name, value] of rows) list.append(element("dt", name), element("dd", value));
  return list;
}

function show() {
  const words = WORDS[language];
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  at("language").textContent = words.switch;
  at("live").textContent = findings || state !== "waiting" ? words[state] : words.waiting;
  for (const each of document.querySelectorAll("[data-says]")) each.textContent = words[each.dataset.says];
  at("notice").hidden = !["sign_in", "ended"].includes(state);
  at("notice").textContent = words[state];
  if (findings) showFindings(words);
}

function showFindings(words) {
  const schools = new Set(findings.map((each) => each.school_id)).size;
  const hours = findings.reduce((sum, each) => sum + (each.hours_at_risk ?? 0), 0);
  const critical = findings.filter((each) => each.severity === "critical").length;
  at("tiles").replaceChildren(
    ...[[words.open, findings.length], [words.critical, critical], [words.schools, schools], [words.hours, hours.toFixed(1)]].map(
      ([name, value]) => { const tile = element("div"); tile.append(element("dt", name), element("dd", value)); return tile; },
    ),
  );
  const byRule = Map.groupBy(findings, (each) => `${each.rule} ${each.title[language]}`);
  const most = Math.max(1, ...[...byRule.values()].map((each) => each.length));
  at("rules").replaceChildren(
    ...[...byRule].sort().map(([name, found]) => {
      const line = element("li");
      const meter = Object.assign(element("meter"), { max: most, value: found.length });
      meter.setAttribute("aria-label", name);
      line.append(element("span", name), meter, element("span", found.length));
      return line;
    }),
  );
  at("findings").replaceChildren(...findings.map((finding) => card(finding, words)));
  if (!findings.length) at("findings").append(element("li", words.none));
}

function card(finding, words) {
  const line = element("li");
  const details = element("details");
  const summary = element("summary");
  summary.append(
    element("b", words.severity[finding.severity], finding.severity),
    element("span", `${finding.rule} ${finding.title[language]}`),
    element("span", `${finding.school_id} · ${finding.service_date ?? finding.period}`, "quiet"),
    element("span", finding.explanation[language], "why"),
  );
  details.append(summary);
  details.addEventListener("toggle", async () => {
    if (!details.open || details.querySelector("dl")) return;
    const whole = await read(`/v1/findings/${finding.finding_id}`);
    details.append(
      pairs(element("dl"), [
        [words.clause, whole.clause.join("、")],
        [words.expected, whole.expected],
        [words.found, whole.found],
        [words.records, whole.evidence.records.join("　")],
        [words.first_seen, new Date(whole.first_seen).toLocaleString(document.documentElement.lang)],
      ]),
    );
  });
  line.append(details);
  return line;
}

async function readFindings() {
  const { items } = await read("/v1/findings?state=open&limit=1000");
  findings = items.sort(
    (one, other) =>
      SEVERITIES.indexOf(one.severity) - SEVERITIES.indexOf(other.severity) || other.last_changed.localeCompare(one.last_changed),
  );
}

async function follow() {
  if (!token()) { state = "sign_in"; show(); return; }
  let cursor = null;
  for (;;) {
    try {
      if (cursor === null) {
        // First where the feed stands, then the findings: what comes between is read twice, never missed.
        cursor = await newest();
        await readFindings();
        state = "live";
        show();
      }
      const page = await read(`/v1/findings/events?wait=${LONG_POLL_SECONDS}&after=${cursor}&limit=1000`);
      if (page.items.length) await readFindings();
      cursor = page.next_cursor;
      state = "live";
    } catch (error) {
      if (error instanceof SignedOut) { state = "ended"; sessionStorage.removeItem("token"); show(); return; }
      state = "lost";
      show();
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      continue;
    }
    show();
  }
}

async function newest() {
  for (let cursor = "", page; ; cursor = page.next_cursor) {
    page = await read(`/v1/findings/events?after=${cursor}&limit=1000`);
    if (page.items.length < 1000) return page.next_cursor;
  }
}

at("language").addEventListener("click", () => {
  language = language === "zh" ? "en" : "zh";
  localStorage.setItem("language", language);
  show();
});
show();
follow();
