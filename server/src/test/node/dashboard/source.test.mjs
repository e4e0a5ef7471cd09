// What the dashboard's files must not have: ways in which a text could become markup, and addresses of other servers.

import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../main/resources/dev/memlane/server/dashboard/", import.meta.url));

async function files() {
  const names = (await readdir(ROOT, { recursive: true })).filter((name) => /\.(js|css|html|svg)$/.test(name));
  assert.ok(names.length > 20, "the dashboard's files are missing");
  return Promise.all(names.map(async (name) => ({ name, text: await readFile(ROOT + name, "utf8") })));
}

test("scripts_insertTextsAsTexts", async () => {
  for (const { name, text } of await files()) {
    assert.doesNotMatch(text, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|setHTML|\beval\(|new Function|srcdoc/, name);
  }
});

test("files_nameNoOtherServer", async () => {
  for (const { name, text } of await files()) {
    const others = text.replaceAll("http://www.w3.org/2000/svg", "").match(/(https?:)?\/\/[a-z0-9.-]+\.[a-z]{2,}/gi);
    assert.equal(others, null, name);
  }
});

test("index_hasNoInlineScriptOrStyle", async () => {
  const index = await readFile(`${ROOT}index.html`, "utf8");
  assert.doesNotMatch(index, /<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)/i);
});
