// The two services: reporting, which served this page, is read; the ledger API, where people's decisions go, is told.
// The browser sends the session's cookie along; no script here ever sees it.

import { code, language } from "./words.js";

const PAGE = 1000;

export const context = { caller: null, schools: [], terms: [], today: "", ledger_url: "" };

export class Refusal extends Error {
  constructor(status, problem, retryAfter) {
    super(problem?.detail ?? `${status}`);
    this.status = status;
    this.problem = problem ?? {};
    this.retryAfter = retryAfter;
  }
}

async function ask(url, options = {}) {
  const answer = await fetch(url, {
    credentials: "include",
    ...options,
    headers: { Accept: "application/json", "Accept-Language": language === "zh" ? "zh-CN" : "en", ...options.headers },
  });
  if (answer.ok) return options.whole ? answer : answer.status === 204 ? null : answer.json();
  const isProblem = answer.headers.get("Content-Type")?.startsWith("application/problem+json");
  const refusal = new Refusal(answer.status, isProblem ? await answer.json() : null, answer.headers.get("Retry-After"));
  if (answer.status === 401) document.dispatchEvent(new CustomEvent("signed-out"));
  throw refusal;
}

export function query(parameters) {
  const given = Object.entries(parameters).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const text = new URLSearchParams(given).toString();
  return text ? `?${text}` : "";
}

// A file of reporting's, in the page's language, handed to the browser to keep.
export async function download(path, parameters) {
  const answer = await ask(`${path}${query(parameters)}`, { whole: true, headers: { Accept: "*/*" } });
  const name = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition") ?? "")?.[1] ?? `${path.split("/").at(-1)}.${parameters.format}`;
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(await answer.blob()), download: name });
  link.click();
  // The browser has begun with it by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

export const report = (path, parameters = {}) => ask(`${path}${query(parameters)}`);
export const ledger = (path, parameters = {}) => ask(`${context.ledger_url}${path}${query(parameters)}`);

export const tell = (path, body, { key } = {}) =>
  ask(`${context.ledger_url}${path}`, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "Content-Type": "application/json", ...(key ? { "Idempotency-Key": key } : {}) },
  });

const within = (method) => (path, body) =>
  ask(`${context.ledger_url}${path}`, { method, ...(body ? { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } } : {}) });
export const change = within("PATCH");
export const remove = within("DELETE");

export const compute = (path, body) =>
  ask(path, { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });

// All pages of a list, until `most`; `whole` says whether that was all.
export async function all(read, path, parameters = {}, most = 5000) {
  const items = [];
  let cursor;
  do {
    const page = await read(path, { ...parameters, limit: PAGE, cursor });
    items.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor && items.length < most);
  return { items, whole: !cursor };
}

// A report that this server may not have yet: null then.
export async function ifThere(promise) {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof Refusal && [404, 405].includes(error.status)) return null;
    throw error;
  }
}

export async function learnContext() {
  Object.assign(context, await ask("/dashboard/context"));
}

const form = (fields) => ({ method: "POST", body: new URLSearchParams(fields) });

export const signIn = (fields) => ask(`${context.ledger_url}/oauth/session`, form(fields));
export const renew = () => ask(`${context.ledger_url}/oauth/session/renewal`, { method: "POST" });
export const signOut = () => ask(`${context.ledger_url}/oauth/session`, { method: "DELETE" });

export const may = (scope) => context.caller?.scopes.includes(scope) ?? false;
// What a finding's school_id stands for: a school, or an office that owes something itself.
export const schoolName = (schoolId) => context.schools.find((each) => each.school_id === schoolId)?.name ?? code("office", schoolId);

// The term a reader most likely means: that of today, between terms that of the newest record, else the last that has begun.
export function termNow() {
  const holds = (date) => date && context.terms.find((term) => term.starts_on <= date && date <= term.ends_on);
  const begun = context.terms.filter((term) => term.starts_on <= context.today);
  return holds(context.today) ?? holds(context.latest_record_on) ?? begun.at(-1) ?? context.terms[0] ?? null;
}

// The months of a term that have begun, as YYYY-MM.
export function monthsOf(term) {
  const months = [];
  const last = term.ends_on < context.today ? term.ends_on : context.today;
  for (let [year, month] = term.starts_on.split("-").map(Number); ; month += 1) {
    if (month > 12) [year, month] = [year + 1, 1];
    const name = `${year}-${String(month).padStart(2, "0")}`;
    if (name > last.slice(0, 7) && months.length) return months;
    months.push(name);
    if (name >= last.slice(0, 7)) return months;
  }
}
