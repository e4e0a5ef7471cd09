// Problems, empty states and commands.

import { announce, h } from "../dom.js";
import { ApiError } from "../api.js";
import { capitalised } from "../format.js";

/** A problem of a call, with what the server says to do. */
export function problem(error, again) {
  const known = error instanceof ApiError;
  const items = known && Array.isArray(error.problem.errors) ? error.problem.errors : [];
  return h("div", { class: "notice is-bad", role: "alert" },
    h("p", { class: "title" }, known ? error.title : "The page failed"),
    h("p", { class: "said", dir: "auto" }, sentence(error.message)),
    items.length > 0 && h("ul", null, items.slice(0, 20).map((item) =>
      h("li", { class: "said", dir: "auto" }, typeof item === "string" ? item : item.detail ?? JSON.stringify(item)))),
    again && h("p", null, h("button", { type: "button", onclick: again }, "Try again")));
}

/** A message of the server as a sentence. */
export function sentence(text) {
  const trimmed = String(text).trim();
  const upper = capitalised(trimmed);
  return /[.!?]$/.test(upper) ? upper : `${upper}.`;
}

/** What a key lacks, or a server without this part, is no failure. */
export function isUnavailable(error) {
  return error instanceof ApiError && [403, 404, 405].includes(error.status);
}

/** Why a part of a page stays empty: the key does not allow it, or the server doesn't have it. */
export function unavailable(error, what) {
  return h("p", { class: "muted" }, error.status === 403
    ? `The key of this session may not see ${what}. Sign in with a key of the role admin.`
    : `This server does not show ${what}.`);
}

export function empty(title, ...more) {
  return h("div", { class: "empty" }, h("p", null, h("strong", null, title)), more);
}

/** A command to copy. */
export function command(text) {
  const code = h("code", null, text);
  const copy = h("button", {
    type: "button",
    onclick: async () => {
      try {
        await navigator.clipboard.writeText(text);
        copy.textContent = "Copied";
        announce("The command is copied.");
      } catch {
        getSelection().selectAllChildren(code);
        announce("The command is selected; copy it with the keyboard.");
      }
    },
  }, "Copy");
  return h("div", { class: "command" }, h("pre", null, code), copy);
}

/** The command that adds a first memory to this server. */
export function addCommand(hasKey) {
  return command([
    `curl ${location.origin}/api/v1/memories \\`,
    hasKey ? "  -H 'Authorization: Bearer YOUR_KEY' \\" : null,
    "  -H 'Content-Type: application/json' \\",
    "  -d '{\"content\": \"Ada prefers a window seat\", \"scope\": {\"user\": \"ada\"}}'",
  ].filter((line) => line !== null).join("\n"));
}
