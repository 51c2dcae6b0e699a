// What a reader follows by: tokens for feed readers, webhooks with their state; what was given up is begun again here.

import { all, change, context, ledger, may, Refusal, remove, tell } from "../api.js";
import { empty, fill, h, section } from "../dom.js";
import { code, instant, t } from "../words.js";

const FEEDS = [["Atom", "/v1/findings/feed.atom"], ["JSON Feed", "/v1/findings/feed.json"]];

export async function showSubscriptions(stage, { refresh }) {
  const [tokens, webhooks] = await Promise.all([ledger("/v1/feed-tokens"), all(ledger, "/v1/subscriptions")]);
  fill(
    stage,
    h("h1", {}, t("title.subscriptions")),
    feeds(tokens.items, refresh),
    section(t("webhooks"), { id: "webhooks", note: t("webhooks_note") },
      webhooks.items.length ? h("ul", { className: "list" }, webhooks.items.map((each) => webhook(each, refresh)))
        : empty(t("no_webhooks"), t("no_webhooks_hint")), h("p", {}, h("a", { href: "#/findings" }, t("to_subscribe")))),
  );
}

// Done by a button: what is refused is said beside it.
function act(words, done, { refresh, label }) {
  const said = h("span", { role: "alert", className: "warn", hidden: true });
  return [h("button", { type: "button", "aria-label": label ?? null, onclick: async (event) => {
    event.target.disabled = true;
    try {
      await done();
      refresh();
    } catch (error) {
      event.target.disabled = false;
      Object.assign(said, { hidden: false, textContent: error instanceof Refusal ? error.message : t("unreachable_detail") });
    }
  } }, words), said];
}

function feeds(tokens, refresh) {
  const made = h("div", { role: "status" });
  const line = (token) => h("li", { className: "row" },
    h("span", { className: "grow" }, h("b", {}, token.name ?? token.token_id), h("span", { className: "note" }, ` ${instant(token.created_at)}`)),
    ...act(t("revoke"), () => remove(`/v1/feed-tokens/${token.token_id}`), { refresh, label: `${t("revoke")} ${token.name ?? token.token_id}` }));
  const kept = h("div", {});
  const list = (each) => fill(kept, each.length ? h("ul", { className: "list" }, each.map(line)) : h("p", { className: "note" }, t("no_tokens")));
  list(tokens);
  const form = h("form", { className: "inline", onsubmit: async (event) => {
    event.preventDefault();
    const name = new FormData(event.target).get("name").trim();
    try {
      const { token } = await tell("/v1/feed-tokens", name ? { name } : {});
      made.replaceChildren(
        h("p", {}, t("token_made")),
        h("dl", { className: "pairs" }, FEEDS.map(([what, path]) => h("div", {}, h("dt", {}, what), h("dd", {}, h("code", {}, `${location.origin}${path}?token=${token}`))))));
      event.target.reset();
      list((await ledger("/v1/feed-tokens")).items);
    } catch (error) {
      made.replaceChildren(h("p", { className: "alert" }, error instanceof Refusal ? error.message : t("unreachable_detail")));
    }
  } },
  h("label", { for: "reader" }, t("reader_name")), h("input", { id: "reader", name: "name", maxLength: 100 }), h("button", { type: "submit", className: "primary" }, t("make_token")));
  return section(t("feed_tokens"), { id: "feeds", note: t("feed_tokens_note") }, form, made, kept);
}

function webhook(each, refresh) {
  const disabled = each.state === "disabled";
  const path = `/v1/subscriptions/${each.subscription_id}`;
  return h("li", { className: "row" },
    h("span", { className: "grow" }, h("b", {}, each.url), h("span", { className: "why" },
      disabled ? `${code("disabled", each.disabled_reason)} · ${instant(each.disabled_at)}` : each.failing_since ? t("failing_since", { at: instant(each.failing_since) }) : t("delivering"))),
    h("span", { className: disabled ? "badge sev-high" : "badge state-cleared" }, t(disabled ? "is_disabled" : "is_active")),
    disabled ? act(t("resume"), () => change(path, { state: "active" }), { refresh, label: `${t("resume")} ${each.url}` }) : null,
    ...act(t("remove"), () => remove(path), { refresh, label: `${t("remove")} ${each.url}` }));
}

// Webhooks of the reader's own that were given up, said on every view until they are begun again.
export async function tellGivenUp(place) {
  place.replaceChildren();
  if (!context.caller || !may("subscriptions.write")) return;
  const { items } = await all(ledger, "/v1/subscriptions");
  const givenUp = items.filter((each) => each.state === "disabled" && each.disabled_reason !== "owner");
  if (givenUp.length) place.replaceChildren(h("p", { className: "alert", role: "alert" }, `${t("given_up", { n: givenUp.length })} `, h("a", { href: "#/subscriptions" }, t("see_subscriptions"))));
}
