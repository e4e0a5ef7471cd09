// The difference between two texts.

import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.document ??= {};
const { difference } = await import("../../../main/resources/dev/memlane/server/dashboard/app/parts/diff.js");

const whole = (parts, kind) => parts.filter((part) => part.kind !== kind).map((part) => part.text).join("");

test("difference_ofAnyTexts_holdsBoth", () => {
  const texts = ["", "a", "We moved to Porto in March", "We moved to Porto in April, at last", "x ".repeat(3_000), "y ".repeat(3_000),
    "日本語を勉強しています", "日本語を少し勉強します", "👩🏽‍🚀 e\u0301 \u202E", "one\ntwo\n\nthree", "one\n2\n\nthree\n"];
  for (const before of texts) {
    for (const after of texts) {
      const parts = difference(before, after);
      assert.equal(whole(parts, "new"), before);
      assert.equal(whole(parts, "gone"), after);
    }
  }
});

test("difference_ofOneWord_isThatWord", () => {
  assert.deepEqual(difference("We moved in March.", "We moved in April."), [{ kind: "same", text: "We moved in " }, { kind: "gone", text: "March" },
    { kind: "new", text: "April" }, { kind: "same", text: "." }]);
});
