// What the dashboard does in states that are hard to bring about in a real server.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { complete, launch, openWindow, visit } from "./browser.mjs";
import { HOSTILE, startStub } from "./stub-api.mjs";

let browser;
let stub;
let others;
let window;
let page;

before(async () => browser = await launch());
after(() => browser?.close());
beforeEach(async () => {
  stub = await startStub();
  others = [];
  window = await openWindow(browser);
  page = window.page;
});
afterEach(async () => {
  await window.close();
  await Promise.all([stub, ...others].map((one) => one.close()));
});

async function another(options) {
  const started = await startStub(options);
  others.push(started);
  return started;
}

const focused = () => page.evaluate(() => document.activeElement.textContent || document.activeElement.id);

test("hostileTexts_everywhere_stayTexts", async () => {
  const memories = [...stub.data.memories.values()].filter((memory) => HOSTILE.includes(memory.content));
  assert.equal(memories.length, HOSTILE.length);
  for (const hash of ["#/memories", "#/conversations", "#/lanes", "#/endpoints", "#/operations",
    ...memories.map((memory) => `#/memories/${memory.id}`),
    ...HOSTILE.map((text) => `#/memories?user=${encodeURIComponent(text.slice(0, 200))}&q=${encodeURIComponent(text.slice(0, 100))}`),
    `#/conversations?user=${encodeURIComponent(HOSTILE[0])}&agent=${encodeURIComponent(HOSTILE[6])}`]) {
    await visit(page, stub.url, hash);
    assert.equal(await page.locator("img:not([src='icon.svg']), main script, main svg[onload], iframe").count(), 0, hash);
    assert.notEqual(await page.title(), "broken");
  }
  await visit(page, stub.url, `#/memories/${memories[0].id}`);
  assert.equal(await page.locator(".whole .said").textContent(), HOSTILE[0]);
  assert.deepEqual(window.complaints, []);
});

test("navigation_byKeyboard_movesFocusToTheNewPage", async () => {
  await visit(page, stub.url);
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "Skip to the content");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "main");
  await page.getByRole("link", { name: "Lanes" }).focus();
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.activeElement.tagName === "H1" && document.activeElement.textContent === "Lanes");
  assert.equal(await page.title(), "Lanes · Memlane");
  assert.equal(await page.locator("nav [aria-current]").textContent(), "Lanes");
});

test("menu_narrow_opensAndClosesByKeyboard", async () => {
  await page.setViewportSize({ width: 360, height: 760 });
  await visit(page, stub.url);
  const menu = page.getByRole("button", { name: "Menu" });
  await menu.focus();
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: "Operations", exact: true }).waitFor();
  assert.equal(await menu.getAttribute("aria-expanded"), "true");
  await page.keyboard.press("Escape");
  assert.equal(await menu.getAttribute("aria-expanded"), "false");
  assert.equal(await page.evaluate(() => document.activeElement.id), "menu-button");
});

test("search_again_keepsFocusAndAnnouncesHits", async () => {
  await visit(page, stub.url, "#/memories");
  await page.getByLabel("Search", { exact: true }).fill("stainless sink");
  await page.keyboard.press("Enter");
  await page.locator(".score").first().waitFor();
  await complete(page);
  assert.equal(await page.evaluate(() => document.activeElement.id), "query");
  assert.match(await page.locator("#live").textContent(), /^\d+ hits?\./);
  assert.match(await page.locator(".memory").first().textContent(), /stainless sink/);
  assert.match(await page.locator(".memory .legend").first().textContent(), /meaning 0\.\d\d \(cosine 0\.\d\d, best\)words 0\.\d\d/);
});

test("search_invalid_showsTheProblemsDetail", async () => {
  await visit(page, stub.url, "#/memories?q=porto&limit=many");
  assert.match(await page.getByRole("alert").textContent(), /"limit" is missing or has another type than it must have\./);
});

test("filters_ofTheForm_areSent", async () => {
  await visit(page, stub.url, "#/memories");
  await page.getByText("Scope, filters and ranking").click();
  await page.getByRole("button", { name: "Add a filter" }).click();
  await page.getByLabel("Metadata").fill("topic");
  await page.getByLabel("Value").fill("work");
  await page.getByRole("button", { name: "Search" }).click();
  await page.getByText("2 memories, newest first").waitFor();
  await page.reload();
  await page.getByText("2 memories, newest first").waitFor();
});

test("erasure_needsTheScopeTypedIn", async () => {
  await visit(page, stub.url, "#/memories?user=ada");
  await page.getByRole("button", { name: "Erase this scope" }).click();
  const dialog = page.getByRole("dialog");
  assert.match(await dialog.textContent(), /All 5 memories of user ada, their histories, and all conversations/);
  const erase = dialog.getByRole("button", { name: "Erase the scope" });
  assert.ok(await erase.isDisabled());
  await dialog.getByRole("textbox").fill("Ada");
  assert.ok(await erase.isDisabled());
  await page.keyboard.press("Enter");
  assert.equal(stub.data.matching({ user: "ada" }).length, 5);
  await dialog.getByRole("textbox").fill("ada");
  await erase.click();
  await dialog.waitFor({ state: "detached" });
  await page.getByRole("heading", { name: "Memories", exact: true }).waitFor();
  assert.equal(stub.data.matching({ user: "ada" }).length, 0);
});

test("dialog_escaped_givesFocusBackAndChangesNothing", async () => {
  await visit(page, stub.url, "#/memories?user=ada");
  const button = page.locator(".memory").first().getByRole("button", { name: "Delete" });
  await button.focus();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  assert.match(await focused(), /^Delete memory/);
  assert.equal(stub.data.matching({ user: "ada" }).length, 5);
});

test("edit_ofAChangedMemory_keepsTheTextAndShowsTheConflict", async () => {
  await visit(page, stub.url, "#/memories?user=carla");
  await page.getByRole("button", { name: "Edit" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Text").fill("My version");
  const [memory] = stub.data.matching({ user: "carla" });
  stub.data.update(memory.id, { content: "Another version" }, "another");
  await dialog.getByRole("button", { name: "Save" }).click();
  assert.match(await dialog.getByRole("alert").textContent(), /read it again and decide/);
  assert.equal(await dialog.getByLabel("Text").inputValue(), "My version");
  assert.equal(stub.data.memories.get(memory.id).content, "Another version");
});

test("deadLetter_replayed_leavesTheList", async () => {
  await visit(page, stub.url, "#/lanes");
  assert.equal(await page.locator("tbody tr").count(), 2);
  await page.getByRole("button", { name: "Replay task facts of conversation 17" }).click();
  await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 1);
  await page.getByRole("button", { name: /^Drop/ }).click();
  await page.getByRole("button", { name: "Drop the dead letter" }).click();
  await page.getByText("There are no dead letters.").waitFor();
  assert.equal(stub.data.letters.length, 0);
});

test("serverGone_showsItAndKeepsTheFigures_thenGoesOn", async () => {
  await visit(page, stub.url, "#/endpoints");
  const figures = await page.locator(".figure").count();
  let gone = true;
  await page.route("**/embedding-endpoints", (route) => gone ? route.abort() : route.continue());
  await page.getByText("The server can't be reached.").first().waitFor();
  assert.equal(await page.locator(".figure").count(), figures);
  gone = false;
  await page.getByText("The server can't be reached.").first().waitFor({ state: "detached" });
});

test("session_isACookie_andItsEndLeadsBackToTheLogin", async () => {
  const keyed = await another({ key: "mk_test" });
  await page.goto(`${keyed.url}/#/lanes`);
  await page.getByLabel("API key").fill("mk_test");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Lanes", exact: true }).waitFor();
  await page.getByRole("button", { name: /^Replay/ }).first().click();
  await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 1);
  assert.equal(await page.evaluate(() => document.cookie), "");
  assert.equal(await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }).includes("mk_")), false);
  await page.context().clearCookies();
  await page.getByRole("link", { name: "Operations", exact: true }).click();
  await page.getByLabel("API key").waitFor();
  assert.deepEqual(window.complaints, []);
});

test("emptyServer_saysHowToAddAMemory", async () => {
  const none = await another({ isEmpty: true });
  await visit(page, none.url, "#/memories");
  assert.match(await page.locator("pre").textContent(), new RegExp(`^curl ${none.url}/api/v1/memories`));
});
