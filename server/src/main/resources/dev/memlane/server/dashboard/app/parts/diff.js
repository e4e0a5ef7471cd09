// The difference between two texts, by words.

import { h } from "../dom.js";

const MOST_STEPS = 4_000_000;

/** The parts of both texts in order: { kind: "same" | "gone" | "new", text }. */
export function difference(before, after) {
  const from = words(before);
  const to = words(after);
  let begin = 0;
  while (begin < from.length && begin < to.length && from[begin] === to[begin]) {
    begin++;
  }
  let end = 0;
  while (end < from.length - begin && end < to.length - begin
      && from[from.length - 1 - end] === to[to.length - 1 - end]) {
    end++;
  }
  const parts = [];
  add(parts, "same", from.slice(0, begin));
  middle(parts, from.slice(begin, from.length - end), to.slice(begin, to.length - end));
  add(parts, "same", from.slice(from.length - end));
  return parts;
}

/** Words and what stands between them. Scripts without spaces go by character. */
function words(text) {
  return text.match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]|[\p{L}\p{N}\p{M}_'’]+|\s+|./gsu) ?? [];
}

/** The longest common subsequence; whole texts where that would take too long. */
function middle(parts, from, to) {
  const width = to.length + 1;
  if (from.length === 0 || to.length === 0 || (from.length + 1) * width > MOST_STEPS) {
    add(parts, "gone", from);
    add(parts, "new", to);
    return;
  }
  const longest = new Uint16Array((from.length + 1) * width);
  for (let i = from.length - 1; i >= 0; i--) {
    for (let j = to.length - 1; j >= 0; j--) {
      longest[i * width + j] = from[i] === to[j] ? longest[(i + 1) * width + j + 1] + 1
        : Math.max(longest[(i + 1) * width + j], longest[i * width + j + 1]);
    }
  }
  let i = 0;
  let j = 0;
  while (i < from.length && j < to.length) {
    if (from[i] === to[j]) {
      add(parts, "same", [from[i]]);
      i++;
      j++;
    } else if (longest[(i + 1) * width + j] >= longest[i * width + j + 1]) {
      add(parts, "gone", [from[i++]]);
    } else {
      add(parts, "new", [to[j++]]);
    }
  }
  add(parts, "gone", from.slice(i));
  add(parts, "new", to.slice(j));
}

function add(parts, kind, tokens) {
  if (tokens.length === 0) {
    return;
  }
  const last = parts.at(-1);
  if (last?.kind === kind) {
    last.text += tokens.join("");
  } else {
    parts.push({ kind, text: tokens.join("") });
  }
}

const TAGS = { same: "span", gone: "del", new: "ins" };

/** The difference as an element; what is gone and what is new are named for screen readers. */
export function differenceOf(before, after) {
  return h("p", { class: "said", dir: "auto" }, difference(before, after).map((part) => h(TAGS[part.kind], null,
    part.kind === "gone" && h("span", { class: "unseen" }, " [removed: "),
    part.kind === "new" && h("span", { class: "unseen" }, " [added: "),
    part.text,
    part.kind !== "same" && h("span", { class: "unseen" }, "] "))));
}
