// A memory that is a fact of a conversation: since when it is true, what superseded it, and which messages say it.

import { get } from "../api.js";
import { h, replace, said } from "../dom.js";
import { exactly, when } from "../format.js";
import { problem } from "./notice.js";
import { loading } from "./page.js";
import { link, named } from "./scope.js";

const PREFIX = "fact.";
const KINDS = ["fact", "preference", "event", "plan", "instruction"];
const SOURCE = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}) ([^]+)$/i;
const PAGE = 1_000;
const MOST_PAGES = 5;
const SUPERSEDED = "superseded";

/** Whether a metadata key is one that this part shows. */
export const isOfFact = (name) => name.startsWith(PREFIX);

/** What the metadata say of a fact; null if they are those of no fact, or somebody has damaged them. */
export function factOf(metadata) {
  const value = (name) => metadata?.[PREFIX + name];
  const validFrom = value("validFrom");
  if (!KINDS.includes(value("kind")) || typeof validFrom !== "string" || Number.isNaN(Date.parse(validFrom))) {
    return null;
  }
  const sources = [value("sources") ?? []].flat().map((text) => SOURCE.exec(String(text))).filter(Boolean);
  return { kind: value("kind"), subject: value("subject"), importance: value("importance"), about: value("about"), validFrom,
    change: value("change"), categories: [value("categories") ?? []].flat().map(String), sources: sources.map(([, id, run]) => ({ id: id.toLowerCase(), run })) };
}

/** In a list: what kind it is, what it is about, and since when it is true. */
export function factChips(fact) {
  return [h("span", { class: "badge" }, fact.kind), fact.subject && h("span", { class: "chip" }, h("span", { class: "name" }, "about"),
    said(String(fact.subject))), h("span", { class: "chip" }, h("span", { class: "name" }, "true since"), when(fact.validFrom)),
  fact.categories.map((name) => h("span", { class: "chip" }, said(name)))];
}

/**
 * Reads the entries of a history, the newest first and page by page, and says of each state of a fact until when it was true.
 *
 * @returns a function of an entry: { fact, until, by } where by is the entry that superseded it, or null if it is no fact
 */
export function validity() {
  let until = null;
  let by = null;
  return (entry) => {
    const fact = entry.newContent === undefined || entry.newContent === null ? null : factOf(entry.newMetadata);
    if (!fact) {
      return null;
    }
    // A plan may be superseded before the day that it is about.
    const ended = until !== null && Date.parse(until) < Date.parse(fact.validFrom) ? fact.validFrom : until;
    const state = { fact, until: ended, by };
    if (fact.change === SUPERSEDED) {
      until = fact.validFrom;
      by = entry;
    }
    return state;
  };
}

/** Of a state of a fact: since when and until when it was true, and what superseded it. */
export function validityLine({ fact, until, by }) {
  return h("p", { class: "small validity" }, h("span", { class: "badge" }, fact.kind), " true since ", exactly(fact.validFrom),
    until === null ? ", and not superseded" : [" until ", exactly(until), `, superseded by version ${by.version}: `, said(by.newContent)]);
}

/** What a memory's page says of it as a fact. */
export function factPanel(memory, fact, signal) {
  const row = (name, ...value) => [h("dt", null, name), h("dd", null, value)];
  return [h("dl", { class: "facts" },
    row("Kind", h("span", { class: "badge" }, fact.kind)),
    fact.subject && row("About", said(String(fact.subject))),
    row("True since", exactly(fact.validFrom)),
    row("True until", "not superseded"),
    fact.about && row("Day", said(String(fact.about))),
    fact.importance && row("Importance", `${fact.importance} of 5`),
    fact.categories.length > 0 && row("Categories", fact.categories.map((name) => h("span", { class: "chip" }, said(name)))),
    fact.change && row("It was", said(String(fact.change)))),
  sources(memory.scope, fact, "now", signal)];
}

/**
 * The messages that say it, which are read when somebody wants to see them.
 *
 * @param scope of the memory
 * @param key tells this list from others on the page
 */
export function sources(scope, fact, key, signal) {
  if (fact.sources.length === 0) {
    return h("p", { class: "muted small" }, "It is not known which messages say it.");
  }
  const content = h("div", { class: "section" });
  let begun = false;
  const load = async () => {
    if (begun) {
      return;
    }
    begun = true;
    replace(content, loading());
    try {
      replace(content, await messages(scope, fact.sources, signal));
    } catch (e) {
      begun = false;
      if (!signal.aborted) {
        replace(content, problem(e, load));
      }
    }
  };
  return h("details", { class: "more sources", "data-key": `sources-${key}`, ontoggle: (event) => event.target.open && load() },
    h("summary", null, fact.sources.length === 1 ? "The message that says it" : `The ${fact.sources.length} messages that say it`), content);
}

async function messages(scope, wanted, signal) {
  const runs = [...new Set(wanted.map((source) => source.run))];
  const found = await Promise.all(runs.map((run) => ofConversation({ ...named(scope), run },
    new Set(wanted.filter((source) => source.run === run).map((source) => source.id)), signal)));
  return found.map(({ conversation, all, missing, unread }) => h("div", { class: "section" },
    h("p", { class: "small" }, h("a", { href: link("conversations", conversation) }, "Conversation ", said(conversation.run))),
    all.length > 0 && h("ol", { class: "messages" }, all.map((one) => h("li", { class: "message is-other" },
      h("div", { class: "message-head" }, h("strong", null, String(one.role).toLowerCase()), h("span", { class: "muted" }, exactly(one.createdAt))),
      one.text ? said(one.text, "p") : h("p", { class: "muted" }, "No text.")))),
    missing > 0 && h("p", { class: "muted small" }, missing === 1 ? "One message is not there any more." : `${missing} messages are not there any more.`),
    unread > 0 && h("p", { class: "muted small" }, "The conversation is long; the rest of them is further on in it.")));
}

/** Reads a conversation until the messages are found, 5,000 messages at most. */
async function ofConversation(conversation, ids, signal) {
  const all = [];
  let cursor;
  for (let page = 0; page < MOST_PAGES && ids.size > 0; page++) {
    const read = await get("/conversations/messages", { ...conversation, limit: PAGE, cursor }, signal);
    for (const message of read.messages) {
      if (ids.delete(String(message.id).toLowerCase())) {
        all.push(message);
      }
    }
    cursor = read.next;
    if (!cursor) {
      break;
    }
  }
  return { conversation, all, missing: cursor ? 0 : ids.size, unread: cursor ? ids.size : 0 };
}
