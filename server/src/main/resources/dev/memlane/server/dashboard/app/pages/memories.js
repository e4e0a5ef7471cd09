// Browsing scopes, and searching as agents do.

import { get, post } from "../api.js";
import { announce, h, replace, said } from "../dom.js";
import * as format from "../format.js";
import { filterEditor, filterOf, rowText, rowsOf } from "../parts/filters.js";
import { checkbox, choice, field, input } from "../parts/form.js";
import { eraseScope, isAdmin, memoryItem } from "../parts/memory.js";
import { addCommand, empty, isUnavailable, problem } from "../parts/notice.js";
import { loading, place } from "../parts/page.js";
import { DIMENSIONS, inWords, isEmpty, label, link, named, ofQuery, same } from "../parts/scope.js";
import { open as openMemory } from "./memory.js";

const PAGE = 30;
const SCOPES = 100;
/** Further parameters of a search: name, label, hint. All are texts in the address. */
const NUMBERS = [["limit", "Hits", "10 unless set"], ["threshold", "Least score", "0 to 1"], ["minSimilarity", "Least cosine", "−1 to 1"],
  ["minWords", "Least words", "of the query"], ["semanticWeight", "Weight of meaning", "0 to 1, 0.4 unless set"],
  ["diversity", "Diversity", "0 to below 1"], ["halfLife", "Half-life", "such as P7D, prefers recent ones"],
  ["occurredFrom", "Occurred from", "such as 2026-03-01T00:00:00Z"], ["occurredTo", "Occurred before", "such as 2026-04-01T00:00:00Z"]];

export async function open(view, context) {
  const { rest, query, signal, role, again } = context;
  if (rest[0]) {
    await openMemory(view, context);
    return;
  }
  const scope = ofQuery(query);
  const results = h("div", { class: "section" }, loading());
  const title = isEmpty(scope) ? "Memories" : ["Memories of ", said(inWords(scope))];
  view.append(
    h("div", { class: "page-head" }, h("h1", { class: "scope-title" }, title),
      !isEmpty(scope) && isAdmin(role) && h("button", {
        type: "button", class: "danger",
        onclick: async () => {
          const { count } = await post("/memories/count", { scope, expired: true }).catch(() => ({}));
          const report = await eraseScope(scope, count);
          if (report) {
            announce(`${format.count(report.deleted ?? 0, "memory", "memories")} erased.`);
            location.hash = "#/memories";
          }
        },
      }, "Erase this scope")),
    h("div", { class: "with-side" }, scopePanel(scope, query, signal),
      h("div", { class: "section" }, searchForm(scope, query), h("section", null, h("h2", { class: "unseen" }, "Results"), results))));
  try {
    await (query.get("q") ? search(results, scope, context) : list(results, scope, context));
  } catch (e) {
    if (!signal.aborted) {
      replace(results, problem(e, again));
    }
  }
}

function scopePanel(scope, query, signal) {
  const list = place("scopes");
  const prefix = input({ id: "find-user", type: "search", placeholder: "Begin of a user's name", dir: "auto" });
  let last = 0;
  const load = async (cursor, before = []) => {
    const mine = ++last;
    try {
      const page = await get("/scopes", { prefix: prefix.value.trim(), limit: SCOPES, cursor }, signal);
      if (mine === last) {
        show([...before, ...page.scopes], page.next);
      }
    } catch (e) {
      if (!signal.aborted) {
        list.fail(e);
      }
    }
  };
  const show = (scopes, next) => list.show(
    h("ul", { class: "scope-list" },
      h("li", null, h("a", { href: "#/memories", "aria-current": isEmpty(scope) && "true" }, "All scopes")),
      scopes.map((one) => h("li", null,
        h("a", { href: link("memories", named(one.scope)), "aria-current": same(one.scope, scope) && "true", title: inWords(one.scope) },
          isEmpty(one.scope) ? "no scope" : label(one.scope), h("span", { class: "number muted" }, format.short(one.memories)))))),
    scopes.length === 0 && h("p", { class: "muted small" }, prefix.value ? "No user's name begins so." : "No scopes yet."),
    next && h("button", { type: "button", onclick: () => load(next, scopes) }, "More scopes"));
  let timer;
  prefix.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(load, 250);
  });
  load();
  return h("aside", { class: "panel scopes", "aria-label": "Scopes" },
    h("h2", null, "Scopes"), h("div", { class: "field" }, h("label", { for: "find-user" }, "Find a user"), prefix), list.element);
}

function searchForm(scope, query) {
  const text = input({ id: "query", type: "search", value: query.get("q") ?? "", dir: "auto", placeholder: "Ask as an agent asks",
    spellcheck: "true" });
  const mode = choice({ id: "mode" }, [["hybrid", "Meaning and words"], ["semantic", "Meaning"], ["lexical", "Words"]], query.get("mode"));
  const places = Object.fromEntries(DIMENSIONS.map((one) => [one, input({ id: `scope-${one}`, value: scope[one] ?? "", dir: "auto" })]));
  const numbers = Object.fromEntries(NUMBERS.map(([name]) => [name, input({ id: `p-${name}`, value: query.get(name) ?? "" })]));
  const expired = checkbox("Expired memories too", "expired", query.get("expired") === "true");
  const context = checkbox("Neighbours in a run lend score", "context", query.get("context") !== "false");
  const filters = filterEditor(rowsOf(query));
  const isSet = NUMBERS.some(([name]) => query.get(name)) || query.get("expired") || query.get("context") || query.get("mode")
    || query.getAll("filter").length > 0;
  return h("form", {
    class: "panel form", role: "search", "aria-label": "Memories",
    onsubmit: (event) => {
      event.preventDefault();
      const to = new URLSearchParams();
      const set = (name, value) => value && to.append(name, value);
      DIMENSIONS.forEach((one) => set(one, places[one].value.trim()));
      set("q", text.value.trim());
      set("mode", mode.value === "hybrid" ? "" : mode.value);
      NUMBERS.forEach(([name]) => set(name, numbers[name].value.trim()));
      set("expired", expired.firstChild.checked && "true");
      set("context", !context.firstChild.checked && "false");
      filters.rows().forEach((row) => set("filter", rowText(row)));
      const hash = `#/memories${to.size > 0 ? `?${to}` : ""}`;
      if (hash === location.hash) {
        dispatchEvent(new HashChangeEvent("hashchange"));
      } else {
        location.hash = hash;
      }
    },
  },
  h("div", { class: "search-line" }, field("Search", text), h("button", { type: "submit", class: "first", id: "go" }, "Search")),
  h("details", { class: "more", open: Boolean(isSet), "data-key": "more" }, h("summary", null, "Scope, filters and ranking"),
    h("div", { class: "form" },
      h("div", { class: "fields" }, DIMENSIONS.map((one) => field(`${one[0].toUpperCase()}${one.slice(1)}`, places[one])),
        field("Search by", mode)),
      filters.element,
      h("div", { class: "fields" }, NUMBERS.map(([name, title, hint]) => field(title, numbers[name], hint))),
      h("div", { class: "row wide" }, expired, context))));
}

/** A number of the address, as the API takes it; what is no number is sent as it is, so that the server says what is wrong. */
function numberOf(query, name) {
  const text = query.get(name);
  return text === null || text === "" ? undefined : Number.isNaN(Number(text)) ? text : Number(text);
}

async function search(results, scope, { query, signal, role, again }) {
  const begun = performance.now();
  const include = ["explanation"];
  if (query.get("expired") === "true") {
    include.push("expired");
  }
  const everywhere = isEmpty(scope);
  const body = {
    query: query.get("q"), ...everywhere ? { everywhere: true } : { scope },
    limit: numberOf(query, "limit"), filter: filterOfQuery(query), mode: query.get("mode") ?? undefined,
    threshold: numberOf(query, "threshold"), minSimilarity: numberOf(query, "minSimilarity"), minWords: numberOf(query, "minWords"),
    semanticWeight: numberOf(query, "semanticWeight"), diversity: numberOf(query, "diversity"),
    context: query.get("context") === "false" ? false : undefined,
    recency: query.get("halfLife") ? { halfLife: query.get("halfLife") } : undefined, include,
  };
  let answer;
  try {
    answer = await post("/memories/search", body, signal);
  } catch (e) {
    if (!everywhere || !isUnavailable(e)) {
      throw e;
    }
    // A key that is bound to one scope searches there.
    const { everywhere: left, ...bound } = body;
    answer = await post("/memories/search", bound, signal);
  }
  const { hits } = answer;
  const said = hits.length === 0 ? "Nothing was found" : format.count(hits.length, "hit");
  announce(`${said}.`);
  replace(results,
    h("p", { class: "muted" }, `${said} in ${format.duration((performance.now() - begun) / 1000)}`,
      hits.length > 0 && ". A score says how near a hit comes to the best possible one of this search."),
    hits.length === 0 && empty("Nothing was found.",
      h("p", null, "Try other words, a wider scope, or fewer filters and limits.")),
    h("div", { class: "memories" }, hits.map((hit) => memoryItem(hit.memory, { hit, role, changed: again }))));
}

function filterOfQuery(query) {
  return filterOf(rowsOf(query), { occurredFrom: query.get("occurredFrom"), occurredTo: query.get("occurredTo") });
}

async function list(results, scope, { query, signal, role, hasKey, again }) {
  const filter = filterOfQuery(query);
  const expired = query.get("expired") === "true";
  const where = isEmpty(scope) ? undefined : scope;
  const load = (cursor) => post("/memories/list", { scope: where, filter, order: "newest", limit: PAGE, cursor, expired }, signal);
  const [page, counted] = await Promise.all([load(),
    post("/memories/count", { scope: where, filter, expired }, signal).catch(() => null)]);
  const all = [...page.memories];
  const items = h("div", { class: "memories" });
  const more = h("div");
  const show = (memories, next) => {
    items.append(...memories.map((memory) => memoryItem(memory, { role, changed: again })));
    replace(more, next && h("button", {
      type: "button", "data-key": "more-memories",
      onclick: async (event) => {
        event.target.disabled = true;
        try {
          const following = await load(next);
          all.push(...following.memories);
          show(following.memories, following.next);
          announce(`${format.count(following.memories.length, "memory", "memories")} more.`);
        } catch (e) {
          replace(more, problem(e));
        }
      },
    }, "More memories"));
  };
  if (all.length === 0) {
    replace(results, filter || where
      ? empty("No memory matches.", h("p", null, "Choose another scope, or remove a filter. ", h("a", { href: "#/memories" }, "Show all memories")))
      : empty("There is no memory yet. Add a first one:", addCommand(hasKey)));
    announce("No memory matches.");
    return;
  }
  const sum = counted?.count;
  replace(results, h("p", { class: "muted" }, sum === undefined ? "Newest first" : `${format.count(sum, "memory", "memories")}, newest first`),
    items, more);
  show(page.memories, page.next);
  if (sum !== undefined) {
    announce(`${format.count(sum, "memory", "memories")}.`);
  }
}
