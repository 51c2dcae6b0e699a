// The page's words in the reader's language, and how numbers, money and dates are written in it.

let words = {};
export let language = "zh";

export async function speak(wanted) {
  const answer = await fetch(`/dashboard/${wanted}.json`);
  if (!answer.ok) throw new Error(`words: ${answer.status}`);
  words = await answer.json();
  language = wanted;
  document.documentElement.lang = wanted === "zh" ? "zh-CN" : "en";
}

// The words of a key, `{name}` filled in. A key without words shows itself: a test finds it.
export function t(key, values = {}) {
  const text = words[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

export const has = (key) => key in words;

// A code's words where there are any, else the code.
export const code = (family, value) => words[`${family}.${value}`] ?? value ?? "";

const locale = () => (language === "zh" ? "zh-CN" : "en-GB");

export const number = (value, digits = 0) =>
  value === null || value === undefined ? "—" : new Intl.NumberFormat(locale(), { maximumFractionDigits: digits }).format(value);

export const hours = (value) => (value === null || value === undefined ? "—" : number(value, 2));

export const money = (fen) =>
  fen === null || fen === undefined ? "—" : new Intl.NumberFormat(locale(), { style: "currency", currency: "CNY", currencyDisplay: "narrowSymbol" }).format(fen / 100);

// A sum that is read at a glance: from a hundred thousand yuan on in ten thousands (万) or thousands.
const GLANCE_FEN = 10_000_000;
export const moneyAtAGlance = (fen) =>
  fen === null || fen === undefined || Math.abs(fen) < GLANCE_FEN
    ? money(fen)
    : new Intl.NumberFormat(locale(), { style: "currency", currency: "CNY", currencyDisplay: "narrowSymbol", notation: "compact", maximumFractionDigits: 2 }).format(fen / 100);

export const percent = (value) =>
  value === null || value === undefined ? "—" : new Intl.NumberFormat(locale(), { style: "percent", maximumFractionDigits: 1 }).format(value);

export const day = (value, options = { month: "numeric", day: "numeric", weekday: "short" }) =>
  value ? new Date(`${value}T00:00:00Z`).toLocaleDateString(locale(), { ...options, timeZone: "UTC" }) : "—";

export const instant = (value) =>
  value ? new Date(value).toLocaleString(locale(), { dateStyle: "medium", timeStyle: "short", timeZone: "Asia/Shanghai" }) : "—";
