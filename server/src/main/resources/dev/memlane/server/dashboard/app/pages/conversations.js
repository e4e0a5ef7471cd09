// Conversations and their messages.

import { call, get } from "../api.js";
import { announce, h, replace, said } from "../dom.js";
import * as format from "../format.js";
import { confirmDestruction } from "../parts/dialog.js";
import { canWrite } from "../parts/memory.js";
import { command, empty, problem } from "../parts/notice.js";
import { head, loading } from "../parts/page.js";
import { inWords, isEmpty, label, link, named, ofQuery, same, typed } from "../parts/scope.js";

const PAGE = 100;

export async function open(view, { query, signal, role, hasKey, again }) {
  const scope = ofQuery(query);
  const list = h("div", { class: "scopes" }, loading());
  const messages = h("div", { class: "section" });
  const { conversations, next } = await get("/conversations", { limit: PAGE }, signal);
  if (conversations.length === 0) {
    view.append(...head("Conversations"), empty("There is no conversation yet. Add a first message:", command([
      `curl ${location.origin}/api/v1/conversations/messages \\`,
      hasKey ? "  -H 'Authorization: Bearer YOUR_KEY' \\" : null,
      "  -H 'Content-Type: application/json' \\",
      "  -d '{\"scope\": {\"user\": \"ada\", \"run\": \"1\"}, \"messages\": [{\"role\": \"user\", \"text\": \"Where did we stay?\"}]}'",
    ].filter((line) => line !== null).join("\n"))));
    return;
  }
  view.append(
    ...head(isEmpty(scope) ? "Conversations" : ["Conversation of ", said(inWords(scope))], null,
      !isEmpty(scope) && canWrite(role) && h("button", { type: "button", class: "danger", onclick: () => erase(scope) }, "Erase this conversation")),
    h("div", { class: "with-side" },
      h("aside", { class: "panel scopes", "aria-label": "All conversations" }, h("h2", null, "All conversations"), list),
      h("section", { "aria-label": "Messages" }, messages)));
  const all = [];
  const showList = (more, following) => {
    all.push(...more);
    replace(list, h("ul", { class: "scope-list" }, all.map((one) => h("li", null, h("a", {
      href: link("conversations", named(one)), "aria-current": same(one, scope) && "true", title: inWords(one),
    }, label(one))))),
    following && h("button", { type: "button", "data-key": "more-conversations", onclick: async () => {
      const page = await get("/conversations", { limit: PAGE, cursor: following }, signal);
      showList(page.conversations, page.next);
    } }, "More conversations"));
  };
  showList(conversations, next);
  if (isEmpty(scope)) {
    messages.append(empty("Choose a conversation to read it."));
    return;
  }
  messages.append(loading());
  try {
    await showMessages(messages, scope, signal);
  } catch (e) {
    if (!signal.aborted) {
      replace(messages, problem(e, again));
    }
  }
}

async function showMessages(container, scope, signal) {
  const list = h("ol", { class: "messages" });
  const more = h("div");
  const load = (cursor) => get("/conversations/messages", { ...scope, limit: PAGE, cursor }, signal);
  const show = (page) => {
    list.append(...page.messages.map(message));
    replace(more, page.next && h("button", { type: "button", "data-key": "more-messages", onclick: async () => {
      try {
        const following = await load(page.next);
        show(following);
        announce(`${format.count(following.messages.length, "message")} more.`);
      } catch (e) {
        replace(more, problem(e));
      }
    } }, "More messages"));
  };
  const first = await load();
  if (first.messages.length === 0) {
    replace(container, empty("This conversation has no messages."));
    return;
  }
  replace(container, list, more);
  show(first);
  announce(`${format.count(first.messages.length, "message")}.`);
}

function message(one) {
  const role = String(one.role).toLowerCase();
  return h("li", { class: `message is-${["user", "assistant", "tool", "system"].includes(role) ? role : "other"}` },
    h("div", { class: "message-head" }, h("strong", null, role), h("span", { class: "muted" }, format.exactly(one.createdAt))),
    one.text ? said(one.text, "p") : h("p", { class: "muted" }, "No text."),
    one.payload && one.payload !== one.text && h("details", null, h("summary", null, "Payload, ", one.format), h("pre", { class: "said" }, one.payload)));
}

async function erase(scope) {
  const done = await confirmDestruction({
    title: "Erase this conversation for good?",
    destroyed: [h("p", null, "All messages of ", said(inWords(scope)), " are destroyed. Memories of this scope stay. "
      + "Nobody can bring the messages back.")],
    type: typed(scope),
    action: "Erase the conversation",
    submit: async () => await call("DELETE", "/conversations", { query: scope }) ?? {},
    done: "The conversation is erased.",
  });
  if (done) {
    location.hash = "#/conversations";
  }
}
