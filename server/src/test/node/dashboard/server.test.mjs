// The dashboard with a real server: MEMLANE_URL has no API keys, MEMLANE_KEYED_URL has MEMLANE_KEY, of role admin, and
// MEMLANE_FACTS_URL has remembered two conversations: the memory MEMLANE_FACT said HOSTILE[0] of a home, and now says Faro.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { EVERYTHING, PAGES, complete, launch, openWindow, overflow, violations, visit } from "./browser.mjs";
import { HOSTILE } from "./stub-api.mjs";

const { MEMLANE_URL: url, MEMLANE_KEYED_URL: keyedUrl, MEMLANE_KEY: key, MEMLANE_FACTS_URL: factsUrl, MEMLANE_FACT: factId } = process.env;
const options = { skip: url ? false : "MEMLANE_URL names no server" };

let browser;
let window;
let page;

before(async () => browser = url && await launch());
after(() => browser?.close());
beforeEach(async () => {
  if (url) {
    window = await openWindow(browser);
    page = window.page;
  }
});
afterEach(() => window?.close());

async function call(method, path, body, headers = {}) {
  const response = await fetch(`${url}/api/v1${path}`, { method, body: body && JSON.stringify(body),
    headers: { ...body ? { "Content-Type": "application/json" } : {}, ...headers } });
  const answer = response.status === 204 ? null : await response.json();
  assert.ok(response.ok, `${method} ${path}: ${JSON.stringify(answer)}`);
  return answer;
}

async function add(user, content, more) {
  return (await call("POST", "/memories", { content, scope: { user }, ...more })).memory;
}

test("memory_searchedEditedDeleted_isSo", options, async () => {
  const user = "browser-edit";
  const memory = await add(user, "The spare key hangs behind the blue door", { metadata: { topic: "home", importance: 4 } });
  await add(user, "The car is parked in the second street");
  await visit(page, url, `#/memories?user=${user}`);
  await page.getByText("2 memories, newest first").waitFor();
  await page.getByLabel("Search", { exact: true }).fill("spare key");
  await page.keyboard.press("Enter");
  await page.locator(".score").first().waitFor();
  assert.match(await page.locator(".memory").first().textContent(), /spare key.*words 0\.\d\d \(BM25/s);
  await page.locator(`[data-memory="${memory.id}"]`).getByRole("button", { name: "Edit" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Text").fill("The spare key hangs behind the green door");
  await dialog.getByLabel("Metadata").fill("{\"topic\": \"home\"}");
  await dialog.getByLabel("Expires at").fill("2126-01-01T00:00:00Z");
  await dialog.getByLabel("Changed by").fill("Mira");
  await dialog.getByRole("button", { name: "Save" }).click();
  await dialog.waitFor({ state: "detached" });
  const changed = await call("GET", `/memories/${memory.id}`);
  assert.equal(changed.content, "The spare key hangs behind the green door");
  assert.deepEqual(changed.metadata, { topic: "home" });
  await visit(page, url, `#/memories/${memory.id}`);
  assert.match(await page.locator(".life > li").first().textContent(), /Version 2, changed.* by Mira/);
  assert.equal(await page.locator(".life > li").first().locator("p del").textContent(), " [removed: blue] ");
  assert.equal(await page.locator(".life > li").first().locator("p ins").textContent(), " [added: green] ");
  assert.match(await page.locator("section", { hasText: "Neighbours" }).locator(".memory").textContent(), /The car is parked.*similarity/s);
  assert.deepEqual(await violations(page), []);
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("button", { name: "Delete the memory" }).click();
  await page.getByText("This memory is deleted. Its history is left.").waitFor();
  assert.match(await page.locator(".life > li").first().textContent(), /Version 3, deleted/);
  assert.deepEqual(window.complaints, []);
});

test("scope_erased_isGone", options, async () => {
  const user = "browser-erase";
  await add(user, "One");
  await add(user, "Two");
  await call("POST", "/conversations/messages", { scope: { user, run: "1" }, messages: [{ role: "user", text: "Hello" }] });
  await visit(page, url, `#/memories?user=${user}`);
  await page.getByRole("button", { name: "Erase this scope" }).click();
  const dialog = page.getByRole("dialog");
  assert.match(await dialog.textContent(), /All 2 memories of user browser-erase/);
  await dialog.getByRole("textbox").fill(user);
  await dialog.getByRole("button", { name: "Erase the scope" }).click();
  await page.getByRole("heading", { name: "Memories", exact: true }).waitFor();
  assert.equal((await call("POST", "/memories/count", { scope: { user } })).count, 0);
  assert.deepEqual((await call("GET", `/conversations?user=${user}`)).conversations, []);
});

test("filters_andLimits_areUnderstood", options, async () => {
  const user = "browser-filter";
  for (let i = 0; i < 4; i++) {
    await add(user, `Ticket ${i} about the invoice`, { metadata: { number: i, state: i < 2 ? "open" : "closed" }, occurredAt: `2026-03-0${i + 1}T00:00:00Z` });
  }
  const find = async (query) => {
    await visit(page, url, `#/memories?user=${user}&${query}`);
    return page.locator(".memory").count();
  };
  const row = (text) => `filter=${encodeURIComponent(text)}`;
  assert.equal(await find(row("equal:state:open")), 2);
  assert.equal(await find(row("contains:state:los")), 2);
  assert.equal(await find(row("in:number:0, 3")), 2);
  assert.equal(await find(`${row("from:number:1")}&${row("to:number:2")}`), 2);
  assert.equal(await find(row("exists:number:")), 4);
  assert.equal(await find(row("absent:number:")), 0);
  assert.equal(await find("occurredFrom=2026-03-02T00:00:00Z&occurredTo=2026-03-04T00:00:00Z"), 2);
  assert.equal(await find(`q=invoice&limit=3&mode=lexical&halfLife=P7D&minWords=1&diversity=0.2&context=false&expired=true&${row("equal:state:open")}`), 2);
  assert.equal(await find("q=invoice&limit=3&mode=semantic&threshold=0&minSimilarity=-1&semanticWeight=0.5"), 3);
  assert.equal(await find("q=invoice&limit=many"), 0);
  await page.getByRole("alert").waitFor();
});

test("hostileTexts_stayTexts", options, async () => {
  for (const text of HOSTILE) {
    const user = text.slice(0, 100);
    const memory = await add(user, text, { actor: user, metadata: { note: text.slice(0, 200) } });
    await call("POST", "/conversations/messages", { scope: { user, run: "1" }, messages: [{ role: "user", text }] });
    for (const hash of [`#/memories?user=${encodeURIComponent(user)}`, `#/memories/${memory.id}`,
      `#/conversations?user=${encodeURIComponent(user)}&run=1`]) {
      await visit(page, url, hash);
      assert.equal(await page.locator("img:not([src='icon.svg']), main script, main svg[onload]").count(), 0, hash);
      assert.notEqual(await page.title(), "broken");
    }
    assert.ok((await page.locator(".message .said").allTextContents()).includes(text));
  }
  assert.deepEqual(window.complaints, []);
});

test("fact_showsSinceWhenItIsTrue_whatSupersededIt_andItsMessages", options, async () => {
  await visit(page, factsUrl, `#/memories/${factId}`);
  const panel = page.locator("section", { has: page.getByRole("heading", { name: "Fact", exact: true }) }).last();
  const text = (await panel.textContent()).replaceAll(/\s+/g, " ");
  assert.match(text, /Kind ?fact/);
  assert.match(text, /About ?home/);
  assert.match(text, /True since.*20\d\d/);
  assert.match(text, /True until ?not superseded/);
  assert.match(text, /It was ?superseded/);
  await panel.getByText("The message that says it").click();
  await panel.getByText("note: home is Faro").waitFor();
  assert.equal(await panel.getByRole("link", { name: /Conversation/ }).getAttribute("href"), "#/conversations?user=ada&run=second");

  const [now, before] = await page.locator(".life > li").all();
  assert.match(await now.locator(".validity").textContent(), /fact true since .*, and not superseded$/);
  const old = await before.locator(".validity").textContent();
  assert.match(old, /fact true since .* until .*, superseded by version 2: home is Faro$/);
  await before.getByText("The message that says it").click();
  await before.getByText(`note: home is ${HOSTILE[0]}`).waitFor();
  assert.equal(await page.locator("img:not([src='icon.svg']), main script").count(), 0);
  assert.notEqual(await page.title(), "broken");
  assert.deepEqual(await violations(page), []);

  await visit(page, factsUrl, "#/memories?user=ada");
  const chips = (await page.locator(`[data-memory="${factId}"] .chips`).textContent()).replaceAll(/\s+/g, " ");
  assert.match(chips, /fact ?about ?home ?true since/);
  assert.doesNotMatch(chips, /fact\.|sources/);
  assert.deepEqual(window.complaints, []);
});

test("fact_ofAConversationThatIsGone_saysSo_andDamagedMetadataStayMetadata", options, async () => {
  const validFrom = "2026-03-02T09:22:00Z";
  const sources = ["0198c5a2-7c1e-7a50-9d53-0242ac120002 <b>gone</b>", "no source", 7];
  const fact = { "fact.kind": "plan", "fact.subject": HOSTILE[1], "fact.validFrom": validFrom, "fact.change": HOSTILE[0], "fact.importance": 5,
    "fact.categories": ["travel-plans", HOSTILE[1]] };
  const lost = await add("browser-fact", "Goes to Lisbon", { metadata: { ...fact, "fact.sources": sources.map(String) } });
  await visit(page, url, `#/memories/${lost.id}`);
  await page.getByText("The message that says it").first().click();
  await page.getByText("One message is not there any more.").waitFor();
  const panel = page.locator("section", { has: page.getByRole("heading", { name: "Fact", exact: true }) }).last();
  assert.ok((await panel.textContent()).includes(HOSTILE[1]));
  for (const damaged of [{ ...fact, "fact.kind": HOSTILE[0] }, { ...fact, "fact.validFrom": "never" }, { "fact.kind": "plan" }]) {
    const memory = await add("browser-fact", "Goes to Faro", { metadata: damaged });
    await visit(page, url, `#/memories/${memory.id}`);
    assert.equal(await page.getByRole("heading", { name: "Fact", exact: true }).count(), 0);
    assert.match(await page.locator("section", { hasText: "Operation" }).last().textContent(), /fact\.kind/);
    assert.equal(await page.locator(".validity").count(), 0);
  }
  assert.equal(await page.locator("img:not([src='icon.svg']), main script, main b").count(), 0);
  assert.deepEqual(window.complaints, []);
});

test("pages_ofARealServer_areAccessibleAndFit", options, async () => {
  await add("ada", "We live in Porto", { metadata: { topic: "home" } });
  await call("POST", "/conversations/messages", { scope: { user: "ada", run: "1" }, messages: [{ role: "user", text: "Hello" }] });
  for (const width of EVERYTHING ? [1280, 360] : [360]) {
    await page.setViewportSize({ width, height: 800 });
    for (const hash of PAGES) {
      await visit(page, url, hash);
      assert.deepEqual(await violations(page), [], hash);
      assert.ok(await overflow(page) <= 0, `${hash} is wider than ${width} pixels`);
      assert.deepEqual(await page.getByRole("alert").allTextContents(), [], hash);
    }
  }
  assert.deepEqual(window.complaints, []);
});

test("overview_showsWhatWasDone", options, async () => {
  await add("browser-overview", "One memory for the overview");
  await call("POST", "/memories/search", { query: "overview", scope: { user: "browser-overview" } });
  await visit(page, url, "#/");
  assert.equal(await page.locator(".chart .drawing").count(), 2);
  assert.match(await page.getByRole("table", { name: "Writes by outcome since the server began" }).textContent(), /stored\d/);
  assert.match(await page.locator(".figure", { hasText: "Search, median" }).textContent(), /\d (µs|ms|s)/);
  await page.locator(".chart .area").first().waitFor();
});

test("lanes_showWhatRuns_andDeadLettersAreReplayedAndDropped", options, async () => {
  const hostile = HOSTILE.find((text) => text.includes("<")).slice(0, 150);
  const fail = async () => {
    const { claim } = await call("POST", "/lanes/reports/claims?wait=30");
    await call("POST", `/claims/${claim.id}/fail`, { failure: hostile });
    return claim.task;
  };
  await call("POST", "/lanes/reports/tasks", { name: "summarize July", payload: { month: 7 } });
  const task = await fail();
  await visit(page, url, "#/lanes");
  await page.locator("article", { has: page.getByRole("heading", { name: "reports" }) }).waitFor();
  assert.equal(await page.locator("article").count(), 5);
  const row = page.getByRole("row", { name: /summarize July/ });
  assert.ok((await row.textContent()).includes(hostile));
  assert.equal(await page.locator("#main img, main script").count(), 0);
  assert.deepEqual(await violations(page), []);
  await page.getByRole("button", { name: "Replay task summarize July" }).click();
  await page.getByText("There are no dead letters.").waitFor();
  assert.equal((await call("GET", `/tasks/${task}`)).task.state, "waiting");
  assert.equal(await fail(), task);
  await page.getByRole("button", { name: "Drop task summarize July" }).click();
  await page.getByRole("button", { name: "Drop the dead letter" }).click();
  await page.getByText("There are no dead letters.").waitFor();
  assert.equal((await fetch(`${url}/api/v1/tasks/${task}`)).status, 404);
  assert.deepEqual(window.complaints, []);
});

test("stores_compared_agree", options, async () => {
  await visit(page, url, "#/operations");
  await page.getByRole("button", { name: "Compare the stores" }).click();
  await page.getByRole("button", { name: "Compare", exact: true }).click();
  await page.locator(".notice", { hasText: /The stores agree: \d+ memor/ }).waitFor();
  await page.getByRole("row", { name: /Comparison of the stores done The stores agree/ }).first().waitFor();
  await visit(page, url, "#/");
  await page.locator(".figure", { hasText: "Last verify" }).getByText("agree").waitFor();
});

test("session_withARealKey_changesAndEnds", options, async () => {
  await page.goto(`${keyedUrl}/#/memories`);
  await page.getByLabel("API key").fill("mlk_0000000000000000_wrong");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").waitFor();
  await page.getByLabel("API key").fill(key);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Memories" }).waitFor();
  await complete(page);
  const stored = await fetch(`${keyedUrl}/api/v1/memories`, { method: "POST", headers: { "Content-Type": "application/json", "X-API-Key": key },
    body: JSON.stringify({ content: "Only with a key", scope: { user: "keyed" } }) });
  assert.equal(stored.status, 201);
  await page.reload();
  await page.getByRole("button", { name: /^Delete/ }).click();
  await page.getByRole("button", { name: "Delete the memory" }).click();
  await page.getByText("There is no memory yet").waitFor();
  assert.equal(await page.evaluate(() => document.cookie), "");
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("API key").waitFor();
  await page.reload();
  await page.getByLabel("API key").waitFor();
  assert.deepEqual(window.complaints, []);
});
