// Nobody is signed in: by a link that is good once, or with a client's id and secret.

import { Refusal, context, signIn } from "../api.js";
import { h } from "../dom.js";
import { t } from "../words.js";

// Why a sign-in with the provider came to nothing.
const REFUSALS = new Set(["no_provider", "sign_in_lost", "provider_refused", "provider_unavailable", "id_token_invalid", "role_unknown", "role_without_schools", "role_without_stage", "invalid_client"]);

export function showSignIn(main, { begun }) {
  const said = h("p", { role: "alert", className: "alert", hidden: true });
  const complain = (words) => Object.assign(said, { hidden: false, textContent: words });
  const enter = async (fields) => {
    try {
      await signIn(fields);
      sessionStorage.removeItem("ended");
      await begun();
    } catch (error) {
      complain(error instanceof Refusal ? error.message : t("unreachable_detail"));
    }
  };
  const form = h(
    "form", { className: "card form", onsubmit: (event) => {
      event.preventDefault();
      enter(Object.fromEntries(new FormData(event.target)));
    } },
    h("label", { for: "client_id" }, t("client_id")),
    h("input", { id: "client_id", name: "client_id", autocomplete: "username", required: true, spellcheck: false }),
    h("label", { for: "client_secret" }, t("client_secret")),
    h("input", { id: "client_secret", name: "client_secret", type: "password", autocomplete: "current-password", required: true }),
    h("button", { type: "submit", className: "primary" }, t("sign_in")),
  );
  // A page of its own: the provider asks who is there, and sends the browser back.
  const elsewhere = context.has_provider && h("p", {}, h("a", { id: "provider", className: "primary", href: `${context.ledger_url}/oauth/openid` }, t("sign_in_provider")));
  main.replaceChildren(
    h("div", { className: "view narrow" },
      h("h1", {}, t("sign_in")), h("p", { className: "lead" }, t("sign_in_lead")), said, elsewhere, form, h("p", { className: "note" }, t("sign_in_note"))),
  );
  if (sessionStorage.getItem("ended")) complain(t("session_ended"));
  const refused = new URLSearchParams(location.hash.slice(1)).get("refused");
  if (refused) {
    history.replaceState(null, "", location.pathname);
    complain(REFUSALS.has(refused) ? t(`refused.${refused}`) : t("refused.id_token_invalid"));
  }
  // The code of a link is in the address's fragment, which no server's log sees; it is used at once and taken away.
  const code = new URLSearchParams(location.hash.slice(1)).get("code");
  if (code) {
    history.replaceState(null, "", location.pathname);
    enter({ code });
  }
}
