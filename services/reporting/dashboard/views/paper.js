// What is taken along: the sheet to print and post, the workbook, the table; each a button that fetches it in the page's language.

import { download, Refusal } from "../api.js";
import { h } from "../dom.js";
import { t } from "../words.js";

export function papers(what, path, parameters, formats = ["pdf", "xlsx", "csv"]) {
  const said = h("span", { role: "alert", className: "warn", hidden: true });
  const button = (format) => h("button", { type: "button", "aria-label": `${what}：${t(`format.${format}`)}`, onclick: async (event) => {
    event.target.disabled = true;
    said.hidden = true;
    try {
      await download(path, { ...parameters, format });
    } catch (error) {
      Object.assign(said, { hidden: false, textContent: error instanceof Refusal ? error.message : t("unreachable_detail") });
    } finally {
      event.target.disabled = false;
    }
  } }, t(`format.${format}`));
  return h("span", { className: "papers" }, formats.map(button), said);
}
