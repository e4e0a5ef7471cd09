// A memory's life: its versions on a time line, and its neighbours.

import { ApiError, get } from "../api.js";
import { h, replace, said } from "../dom.js";
import * as format from "../format.js";
import { differenceOf } from "../parts/diff.js";
import { factOf, factPanel, isOfFact, sources, validity, validityLine } from "../parts/fact.js";
import { canWrite, memoryActions, memoryFacts, memoryItem, valueText } from "../parts/memory.js";
import { empty, problem } from "../parts/notice.js";
import { head, place, section } from "../parts/page.js";
import { link, named } from "../parts/scope.js";

const PAGE = 50;
const KINDS = { ADD: "added", UPDATE: "changed", DELETE: "deleted", ERASE: "erased" };

export async function open(view, { rest, signal, role, again }) {
  const id = rest[0];
  const path = `/memories/${encodeURIComponent(id)}`;
  const [memory, history] = await Promise.all([
    absent(get(path, { expired: true }, signal)), absent(get(`${path}/history`, { limit: PAGE }, signal))]);
  if (!memory && !history?.entries.length) {
    view.append(...head("No such memory"), empty("There is no memory with this id.",
      h("p", null, "It may have been erased, or the key of this session may not see it. ", h("a", { href: "#/memories" }, "All memories"))));
    return;
  }
  const neighbours = place("neighbours");
  const fact = factOf(memory?.metadata);
  view.append(
    ...head("A memory's life", null, memory && canWrite(role) && memoryActions(memory, again, false)),
    h("p", null, h("a", { href: link("memories", named(memory?.scope)) }, memory ? "All memories of this scope" : "All memories")),
    memory ? h("div", { class: "whole", tabindex: 0, role: "region", "aria-label": "Text" }, memory.actor && [h("bdi", { class: "memory-actor", dir: "auto" }, memory.actor), ": "],
      said(memory.content)) : h("p", { class: "notice is-warn" }, "This memory is deleted. Its history is left."),
    h("div", { class: "columns" },
      section("Time line", timeLine(path, history, memory, signal)),
      h("div", { class: "section" }, fact && section("Fact", h("div", { class: "panel" }, factPanel(memory, fact, signal))),
        memory && section("Now", h("div", { class: "panel" }, memoryFacts(memory))),
        memory && section("Neighbours", neighbours.element))));
  if (memory) {
    try {
      const { hits } = await get(`${path}/neighbours`, { limit: 8 }, signal);
      neighbours.show(hits.length === 0 ? h("p", { class: "muted" }, "This scope has no other memory with a vector.")
        : [h("p", { class: "muted small" }, "The nearest of its scope by meaning, whatever their words."),
          h("div", { class: "memories" }, hits.map((hit) => memoryItem(hit.memory,
            { similarity: hit.explanation?.semantic?.score ?? hit.similarity ?? hit.score })))]);
    } catch (e) {
      if (!signal.aborted) {
        neighbours.fail(e);
      }
    }
  }
}

async function absent(call) {
  try {
    return await call;
  } catch (e) {
    if (e instanceof ApiError && (e.status === 404 || e.status === 410 || e.status === 400)) {
      return null;
    }
    throw e;
  }
}

function timeLine(path, history, memory, signal) {
  const list = h("ol", { class: "life" });
  const more = h("div");
  const stateOf = validity();
  const show = (entries, next) => {
    list.append(...entries.map((entry) => item(entry, memory, stateOf(entry), signal)));
    replace(more, next && h("button", {
      type: "button",
      onclick: async () => {
        try {
          const page = await get(`${path}/history`, { limit: PAGE, cursor: next }, signal);
          show(page.entries, page.next);
        } catch (e) {
          replace(more, problem(e));
        }
      },
    }, "Earlier versions"));
  };
  show(history?.entries ?? [], history?.next);
  return h("div", { class: "section" }, list, more);
}

function item(entry, memory, state, signal) {
  const gone = entry.kind === "DELETE" || entry.kind === "ERASE";
  const now = memory && entry.op === memory.op;
  return h("li", { class: gone ? "is-gone" : now ? "is-now" : "" },
    h("div", { class: "life-head" },
      h("h3", null, `Version ${entry.version}, ${KINDS[entry.kind] ?? entry.kind}`),
      h("span", { class: "muted small" }, format.exactly(entry.at), entry.actor && [" by ", said(entry.actor)])),
    now && h("div", null, h("span", { class: "badge is-good" }, "the present state")),
    state && [validityLine(state), memory && !now && sources(memory.scope, state.fact, entry.version, signal)],
    change(entry, state));
}

function change(entry, state) {
  const parts = [];
  const before = entry.oldContent ?? null;
  const after = entry.newContent ?? null;
  if (before !== null && after !== null) {
    parts.push(before === after ? h("p", { class: "muted small" }, "The text stayed.") : differenceOf(before, after));
  } else if (after !== null) {
    parts.push(said(after, "p"));
  } else if (before !== null) {
    parts.push(h("p", null, h("del", { class: "said", dir: "auto" }, before)));
  }
  // What a fact's own metadata say stands above, in words.
  const own = (metadata) => state && metadata
    ? Object.fromEntries(Object.entries(metadata).filter(([name]) => !isOfFact(name))) : metadata;
  const values = [...pairs(own(entry.oldMetadata), own(entry.newMetadata), entry.kind), ...pairs(entry.oldDetails, entry.newDetails, entry.kind)];
  if (values.length > 0) {
    parts.push(h("dl", { class: "facts small" }, values));
  }
  return parts.length === 0 ? null : h("div", { class: "difference section", tabindex: 0, role: "region",
    "aria-label": `What version ${entry.version} changed` }, parts);
}

function pairs(before, after, kind) {
  const names = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})]);
  return [...names].flatMap((name) => {
    const old = text(before?.[name]);
    const next = text(after?.[name]);
    return old === next || kind === "DELETE" ? []
      : [h("dt", null, said(name)), h("dd", null, old !== null && h("del", { class: "said" }, old), " ",
        next !== null && (kind === "ADD" ? said(next) : h("ins", { class: "said" }, next)))];
  });
}

function text(value) {
  return value === undefined || value === null ? null : valueText(value);
}
