// A memory in a list, and what can be done with it.

import { call } from "../api.js";
import { announce, h, said } from "../dom.js";
import { decimal, exactly, when } from "../format.js";
import { confirmDestruction, ask } from "./dialog.js";
import { factChips, factOf, isOfFact } from "./fact.js";
import { field, input } from "./form.js";
import { chips, inWords, link, typed } from "./scope.js";
import { scorePicture, similarityPicture } from "./score.js";

const LONGEST_IN_LIST = 2_000;
const MOST_CHIPS = 12;

/** A memory's first characters, for a sentence about it. */
export function beginning(text, length = 160) {
  const characters = [...text.slice(0, length * 4)];
  return characters.length > length ? `${characters.slice(0, length).join("")}…` : text;
}

/**
 * A memory in a list.
 *
 * @param hit { score, explanation } if a search found it
 * @param changed called after it was changed or deleted
 */
export function memoryItem(memory, { hit, role, changed, similarity } = {}) {
  const expired = memory.expiresAt && new Date(memory.expiresAt) <= new Date();
  const fact = factOf(memory.metadata);
  const metadata = Object.entries(memory.metadata ?? {}).filter(([name]) => !fact || !isOfFact(name));
  return h("article", { class: "memory", "data-memory": memory.id },
    h("div", { class: "memory-top" },
      h("h3", null, h("a", { class: "memory-text", href: link(`memories/${memory.id}`), "data-key": `open-${memory.id}` },
        memory.actor && [h("bdi", { class: "memory-actor", dir: "auto" }, memory.actor), ": "],
        said(beginning(memory.content, LONGEST_IN_LIST)))),
      hit && h("span", { class: "memory-score", title: "Score, from 0 to 1" }, h("span", { class: "unseen" }, "score "),
        decimal(hit.score)),
      similarity !== undefined && h("span", { class: "memory-score", title: "Similarity of the vectors" },
        h("span", { class: "unseen" }, "similarity "), decimal(similarity))),
    hit && scorePicture(hit.score, hit.explanation),
    similarity !== undefined && similarityPicture(similarity),
    h("div", { class: "chips" },
      chips(memory.scope),
      fact && factChips(fact),
      memory.key && chip("key", memory.key),
      metadata.slice(0, MOST_CHIPS).map(([name, value]) => chip(name, valueText(value))),
      metadata.length > MOST_CHIPS && h("span", { class: "chip" }, `${metadata.length - MOST_CHIPS} more`)),
    h("div", { class: "memory-foot" },
      h("span", { class: "muted small" },
        memory.occurredAt ? ["occurred ", when(memory.occurredAt), ", "] : "", "updated ", when(memory.updatedAt),
        `, version ${memory.version}`, " ", expired && h("span", { class: "badge is-warn" }, "expired")),
      canWrite(role) && memoryActions(memory, changed, true)));
}

export const canWrite = (role) => role === "write" || role === "admin";
export const isAdmin = (role) => role === "admin";

/** Buttons that change a memory. */
export function memoryActions(memory, changed, quiet) {
  const look = quiet ? "quiet " : "";
  const about = h("span", { class: "unseen" }, ` memory: ${beginning(memory.content, 60)}`);
  const button = (text, kind, work) => h("button", {
    type: "button", class: look + kind, "data-key": `${text}-${memory.id}`,
    onclick: async () => {
      if (await work(memory) !== undefined) {
        changed?.();
      }
    },
  }, text, about.cloneNode(true));
  return h("span", { class: "row actions" }, button("Edit", "", edit), button("Delete", "", remove),
    button("Erase", "danger", erase));
}

function chip(name, value) {
  return h("span", { class: "chip", title: `${name}: ${value}` }, h("span", { class: "name", dir: "auto" }, name), said(value));
}

export function valueText(value) {
  return Array.isArray(value) ? value.join(", ") : String(value);
}

const expecting = (memory) => ({ "If-Match": `"${memory.op}"` });

function remove(memory) {
  return confirmDestruction({
    title: "Delete this memory?",
    destroyed: [
      h("p", null, "Searches will not find it any more. Its history stays, with all texts, and a put under its key can bring "
        + "it back."),
      h("p", null, said(beginning(memory.content))),
    ],
    action: "Delete the memory",
    submit: () => call("DELETE", `/memories/${memory.id}`, { headers: expecting(memory) }),
    done: "The memory is deleted.",
  });
}

function erase(memory) {
  return confirmDestruction({
    title: "Erase this memory for good?",
    destroyed: [
      h("p", null, `The memory, its ${memory.version === 1 ? "one version" : `${memory.version} versions`} and everything else `
        + "known of it are destroyed. Nobody can bring them back."),
      h("p", null, said(beginning(memory.content))),
    ],
    type: typed(memory.scope),
    action: "Erase the memory",
    submit: () => call("DELETE", `/memories/${memory.id}`, { query: { purge: true } }),
    done: "The memory is erased.",
  });
}

/** Asks whether to erase all of a scope, and does it. */
export function eraseScope(scope, memories) {
  return confirmDestruction({
    title: "Erase everything in this scope?",
    destroyed: [
      h("p", null, memories === undefined ? "All memories" : memories === 1 ? "1 memory" : `All ${memories} memories`, " of ",
        said(inWords(scope)), ", their histories, and all conversations of this scope are destroyed. "
        + "Nobody can bring them back."),
    ],
    type: typed(scope),
    action: "Erase the scope",
    submit: () => call("DELETE", "/scopes", { query: scope }),
    done: "The scope is erased.",
  });
}

function edit(memory) {
  const content = h("textarea", { rows: 6, required: true, dir: "auto" });
  content.value = memory.content;
  const metadata = h("textarea", { rows: 4, class: "code", spellcheck: "false" });
  metadata.value = JSON.stringify(memory.metadata ?? {}, null, 2);
  const actor = input({ value: memory.actor ?? "", dir: "auto" });
  const occurredAt = input({ value: memory.occurredAt ?? "", placeholder: "2026-03-02T09:22:01Z" });
  const expiresAt = input({ value: memory.expiresAt ?? "", placeholder: "never" });
  const by = input({ value: "" });
  return ask({
    title: "Edit the memory",
    content: [
      field("Text", content),
      field("Metadata", metadata, "A JSON object of texts, numbers, booleans and lists."),
      h("div", { class: "fields" }, field("Who said it", actor), field("Occurred at", occurredAt),
        field("Expires at", expiresAt), field("Changed by", by, "For the history.")),
    ],
    action: "Save",
    check: () => content.value.trim() !== "",
    submit: async () => {
      const body = {};
      if (content.value !== memory.content) {
        body.content = content.value;
      }
      const parsed = parseMetadata(metadata.value);
      if (JSON.stringify(parsed) !== JSON.stringify(memory.metadata ?? {})) {
        body.metadata = parsed;
      }
      for (const [name, control] of Object.entries({ actor, occurredAt, expiresAt })) {
        if (control.value.trim() !== (memory[name] ?? "")) {
          body[name] = control.value.trim() || null;
        }
      }
      if (Object.keys(body).length === 0) {
        return memory;
      }
      if (by.value.trim()) {
        body.by = by.value.trim();
      }
      const answer = await call("PATCH", `/memories/${memory.id}`, { body, headers: expecting(memory) });
      announce("The memory is saved.");
      return answer;
    },
  });
}

function parseMetadata(text) {
  let value;
  try {
    value = JSON.parse(text.trim() || "{}");
  } catch (e) {
    throw new Error(`The metadata is no valid JSON: ${e.message}`);
  }
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw new Error("The metadata must be a JSON object, such as {\"topic\": \"travel\"}.");
  }
  return value;
}

/** A memory's values, for its page. */
export function memoryFacts(memory) {
  const fact = (name, ...value) => [h("dt", null, name), h("dd", null, value)];
  const isFact = factOf(memory.metadata) !== null;
  return h("dl", { class: "facts" },
    fact("Scope", h("span", { class: "chips" }, chips(memory.scope))),
    memory.key && fact("Key", said(memory.key)),
    memory.actor && fact("Who said it", said(memory.actor)),
    memory.occurredAt && fact("Occurred", exactly(memory.occurredAt)),
    fact("Accepted", exactly(memory.createdAt)),
    fact("Updated", exactly(memory.updatedAt)),
    memory.expiresAt && fact("Expires", exactly(memory.expiresAt)),
    fact("Version", String(memory.version)),
    Object.entries(memory.metadata ?? {}).filter(([name]) => !isFact || !isOfFact(name))
      .map(([name, value]) => [h("dt", null, said(name)), h("dd", null, said(valueText(value)))]),
    fact("Id", h("code", null, memory.id)),
    fact("Operation", h("code", null, memory.op)));
}
