// A stand-in for the server with data for every state that a page can show: broken endpoints, dead letters, running jobs, hostile
// texts. Run it to work on the dashboard: node stub-api.mjs [--port 7400] [--key mk_test] [--empty]

import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const PAGES = fileURLToPath(new URL("../../../main/resources/dev/memlane/server/dashboard/", import.meta.url));
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml" };
export const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; "
  + "base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

export const HOSTILE = [
  "<img src=x onerror=\"document.title='broken'\">", "<script>document.title='broken'</script>", "\"><svg onload=alert(1)>",
  "שלום עולם \u202Eabc", "مرحبا بالعالم", "👩🏽‍🚀 🏳️‍🌈 e\u0301", "W".repeat(400), "line one\nline two\ttab", "{{7*7}} ${7*7} %00 ' OR 1=1 --",
];

let numbers = 0;
const uuid = () => `0198c5a2-7c1e-7a50-9d53-${(++numbers).toString(16).padStart(12, "0")}`;
const ago = (seconds) => new Date(Date.now() - seconds * 1000).toISOString();

const TEXTS = [
  ["ada", "We moved to Porto in March, into a flat with a view of the river.", { topic: "home", importance: 4, tags: ["lisbon", "move"] }],
  ["ada", "Prefers a window seat, and an aisle seat on flights of more than six hours.", { topic: "travel", importance: 2 }],
  ["ada", "Allergic to hazelnuts; carries an adrenaline pen.", { topic: "health", importance: 5, checked: true }],
  ["ada", "Her sister Mira visits every second weekend and sleeps on the sofa in the study.", { topic: "family" }],
  ["ada", "Decided on the stainless sink; the plumber comes on Tuesday at nine.", { topic: "home", importance: 3 }],
  ["bruno", "Runs the payments team. Stand-up is at 09:30, and he dislikes meetings after four.", { topic: "work" }],
  ["bruno", "The deploy of release 4.2 failed because of a full disk on db-3.", { topic: "work", incident: 4711 }],
  ["carla", "Learning Japanese; wants answers in simple Japanese when she begins in it.", { topic: "language" }],
];

class Data {
  memories = new Map();
  histories = new Map();
  conversations = [];
  letters = [];
  jobs = [];
  outcomes = { stored: 0, duplicate: 0, replaced: 0, deleted: 0, rolledBack: 0, refused: 0 };

  constructor(isEmpty) {
    if (isEmpty) {
      return;
    }
    let age = 86_400 * 40;
    for (const [user, content, metadata] of TEXTS) {
      this.add({ scope: { user, ...user === "bruno" ? { agent: "planner" } : {} }, content, metadata, actor: user === "ada" ? "Ada" : undefined,
        key: metadata.topic === "home" && user === "ada" && content.startsWith("We") ? "home" : undefined,
        occurredAt: ago(age + 600) }, age);
      age *= 0.6;
    }
    for (const text of HOSTILE) {
      this.add({ scope: { user: text.slice(0, 200), run: "7" }, content: text, metadata: { [text.slice(0, 60)]: text.slice(0, 200) },
        actor: text.slice(0, 100) }, age);
      age *= 0.9;
    }
    for (let i = 0; i < 60; i++) {
      this.add({ scope: { user: `user-${String(i % 14).padStart(2, "0")}`, agent: "support", run: String(i) },
        content: `Ticket ${1000 + i}: the customer asked for the invoice again and got it by mail.`, metadata: { ticket: 1000 + i } }, 7_200 + i * 60);
    }
    const talk = { user: "dora", run: HOSTILE[0] };
    const spoken = [message(1, "USER", HOSTILE[0]), message(2, "USER", "We have moved to Faro.")];
    this.conversations.push({ scope: talk, messages: spoken });
    const factual = (change, from, source) => ({ "fact.kind": "fact", "fact.subject": HOSTILE[1], "fact.importance": 4, "fact.change": change,
      "fact.validFrom": from, "fact.sources": [`${source.id} ${talk.run}`, `${uuid()} ${talk.run}`], topic: "home" });
    const fact = this.add({ scope: { user: "dora" }, content: `The user lives in ${HOSTILE[0]}`, metadata: factual("added", ago(86_400 * 90), spoken[0]) }, 50_000);
    this.update(fact.id, { content: "The user lives in Faro.", metadata: factual("superseded", ago(86_400 * 9), spoken[1]) }, "remember", 40_000);
    const [home] = this.memories.values();
    this.update(home.id, { content: "We moved to Porto in April, into a flat with a balcony and a view of the river." }, "Ada", 86_400);
    this.update(home.id, { metadata: { ...home.metadata, importance: 5 }, expiresAt: ago(-86_400 * 300) }, "planner", 600);
    const scope = { user: "ada", run: "1" };
    this.conversations.push({ scope, messages: [
      message(1, "SYSTEM", "You are a helpful travel planner."), message(2, "USER", "Where did we stay last time in Porto?"),
      message(3, "ASSISTANT", "In a small guest house near the river, in the Ribeira quarter.\n\nShall I look for it again?"),
      message(4, "TOOL", null, "{\"name\":\"search\",\"arguments\":{\"query\":\"guest house Porto\"}}"), message(5, "USER", HOSTILE[0])] });
    this.conversations.push({ scope: { user: HOSTILE[0], agent: HOSTILE[6] }, messages: HOSTILE.map((text, index) => message(index + 1, "USER", text)) });
    this.letters = [
      { id: uuid(), lane: "extraction", name: "facts of conversation 17", at: ago(4_000), failures: ["the model answered 500: overloaded",
        "the model answered 500: overloaded", "the model did not answer within 30 s"] },
      { id: uuid(), lane: HOSTILE[1].slice(0, 40), name: HOSTILE[0], at: ago(90_000), failures: [HOSTILE[6], "not idempotent, and it was running when the process ended"] },
    ];
    this.jobs = [
      { id: uuid(), kind: "import", state: "running", done: 41_200, total: 120_000, startedAt: ago(75) },
      { id: uuid(), kind: "reindex", state: "running", done: 830, startedAt: ago(12) },
      { id: uuid(), kind: "erase", scope: { user: HOSTILE[0] }, state: "failed", done: 12, total: 40, startedAt: ago(900), endedAt: ago(880),
        problem: "the database did not answer for 10 s; erase the scope again, it resumes where it stopped" },
      { id: uuid(), kind: "verify", state: "done", startedAt: ago(7_300), endedAt: ago(7_290), result: { core: 77, history: 79, vector: 77, inconsistencies: [], repaired: 0 } },
      { id: uuid(), kind: "sweep", state: "done", startedAt: ago(3_700), endedAt: ago(3_699), result: { deleted: 214 } },
    ];
    this.outcomes = { stored: 118_204, duplicate: 1_930, replaced: 804, deleted: 391, rolledBack: 7, refused: 12 };
  }

  add({ scope, content, metadata = {}, actor, key, occurredAt, expiresAt }, age = 0) {
    const memory = { id: uuid(), scope, key, actor, content, metadata, occurredAt, createdAt: ago(age), updatedAt: ago(age), expiresAt, version: 1, op: uuid() };
    this.memories.set(memory.id, memory);
    this.histories.set(memory.id, [{ memory: memory.id, op: memory.op, version: 1, kind: "ADD", newContent: content, newMetadata: metadata, actor, at: memory.createdAt }]);
    this.outcomes.stored++;
    return memory;
  }

  update(id, change, by, age = 0) {
    const before = this.memories.get(id);
    const after = { ...before, ...change, version: before.version + 1, op: uuid(), updatedAt: ago(age) };
    for (const [name, value] of Object.entries(after)) {
      if (value === null) {
        delete after[name];
      }
    }
    const details = (one) => ({ actor: one.actor, occurredAt: one.occurredAt, expiresAt: one.expiresAt });
    this.memories.set(id, after);
    this.histories.get(id).unshift({ memory: id, op: after.op, version: after.version, kind: "UPDATE", oldContent: before.content, newContent: after.content,
      oldMetadata: before.metadata, newMetadata: after.metadata, actor: by, at: after.updatedAt,
      ...JSON.stringify(details(before)) === JSON.stringify(details(after)) ? {} : { oldDetails: details(before), newDetails: details(after) } });
    return after;
  }

  remove(id, purge) {
    const before = this.memories.get(id);
    this.memories.delete(id);
    const entry = { memory: id, op: uuid(), version: before.version + 1, kind: purge ? "ERASE" : "DELETE", at: ago(0) };
    this.histories.set(id, purge ? [entry] : [{ ...entry, oldContent: before.content, oldMetadata: before.metadata }, ...this.histories.get(id)]);
    return { outcome: "deleted", id, op: entry.op, version: entry.version };
  }

  matching(scope, filter) {
    return [...this.memories.values()].filter((memory) => within(memory.scope, scope) && matches(filter, memory))
      .sort((a, b) => b.createdAt.localeCompare(a.createdAt));
  }
}

function message(position, role, text, payload) {
  return { position, id: uuid(), role, text: text ?? undefined, format: payload ? "langchain4j" : "text", payload: payload ?? text, createdAt: ago(9_000 - position * 20) };
}

function within(scope, wanted) {
  return ["user", "agent", "run"].every((one) => !wanted?.[one] || scope[one] === wanted[one]);
}

function matches(filter, memory) {
  if (!filter) {
    return true;
  }
  const values = [memory.metadata?.[filter.key]].flat();
  switch (filter.is) {
    case "equal": return values.includes(filter.value);
    case "in": return values.some((value) => filter.values.includes(value));
    case "contains": return values.some((value) => String(value).includes(filter.text));
    case "range": return values.some((value) => value !== undefined && (filter.from === undefined || value >= filter.from) && (filter.to === undefined || value <= filter.to));
    case "exists": return memory.metadata?.[filter.key] !== undefined;
    case "not": return !matches(filter.filter, memory);
    case "and": return filter.filters.every((one) => matches(one, memory));
    case "occurred": return memory.occurredAt !== undefined && (!filter.from || memory.occurredAt >= filter.from) && (!filter.to || memory.occurredAt < filter.to);
    default: throw new Problem(400, `there is no filter ${filter.is}`);
  }
}

class Problem extends Error {
  constructor(status, detail, title = "The request is invalid") {
    super(detail);
    this.status = status;
    this.title = title;
  }
}

function hits(data, body) {
  if (typeof body.limit === "string" || typeof body.threshold === "string") {
    throw new Problem(400, "\"limit\" is missing or has another type than it must have");
  }
  const words = body.query.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  return data.matching(body.scope, body.filter).map((memory) => {
    const text = memory.content.toLowerCase();
    const found = words.filter((word) => text.includes(word)).length;
    const cosine = 0.15 + (memory.content.length * 7 % 40) / 100 + found * 0.12;
    return { memory, found, cosine: Math.min(0.98, cosine) };
  }).filter((one) => one.found > 0 || one.cosine > 0.5).sort((a, b) => b.found * 2 + b.cosine - a.found * 2 - a.cosine).slice(0, body.limit ?? 10)
    .map(({ memory, found, cosine }, index, all) => {
      const share = found > 0 ? 0.6 * found / Math.max(1, all[0].found) : 0;
      const lent = index % 3 === 1 ? 0.06 : 0;
      const recency = body.recency ? 0.72 : 1;
      const semantic = { rank: index + 1, score: cosine, share: 0.4 * cosine };
      return { memory, score: Math.min(1, semantic.share + share + lent) * recency,
        explanation: { semantic, ...found > 0 ? { lexical: { rank: index + 1, score: found * 3.1, share } } : {}, lent, recency } };
    });
}

function endpoint(name, state, reason, inFlight, limit, itemsPerSecond, more = {}) {
  return { name, state, reason, inFlight, limit, requests: 48_211, retries: 120, succeeded: 47_990, busy: 88, failed: 13, items: 611_000, itemsPerSecond,
    p50: "PT0.041S", p99: "PT0.38S", ...more };
}

function embedding(isEmpty) {
  const wave = 1 + Math.sin(Date.now() / 4_000) / 3;
  return { requests: 51_002, retries: 233, embedded: 611_412, failed: isEmpty ? 0 : 4, refused: 0, hits: 80_123, misses: 611_000, coalesced: 932, waiting: 1_204,
    inFlight: 21, capacity: 2_048, cacheBytes: 48_200_000, endpoints: isEmpty ? [] : [
      endpoint("embed-1.example", "SERVING", "", Math.round(14 * wave), 24, 812 * wave), endpoint("embed-2.example", "SERVING", "", 7, 16, 390 * wave),
      endpoint("embed-3.example", "PAUSED", "429: asked to be left alone for 20 s", 0, 4, 31),
      endpoint("embed-4.example", "OPEN", "5 of the last 10 requests failed: no answer within 10 s", 1, 8, 0, { p50: "PT0S", p99: "PT0S", failed: 41 }),
      endpoint(HOSTILE[0] + HOSTILE[6].slice(0, 80), "OUT", "401: the key was denied", 0, 64, 0)] };
}

function summary(data, isEmpty) {
  const now = Math.floor(Date.now() / 1000) * 1000;
  const samples = isEmpty ? [] : Array.from({ length: 600 }, (_, index) => {
    const at = new Date(now - (599 - index) * 1000);
    const wave = Math.sin(at.getTime() / 45_000) + 1.4;
    const searches = index > 200 && index < 230 ? 0 : Math.round(14 * wave);
    return { at: at.toISOString(), writes: { stored: Math.round(180 * wave), duplicate: Math.round(25 * wave), ...index % 97 < 6 ? { rolledBack: 30 } : {} },
      searches, ...searches > 0 ? { p50: `PT${(0.004 * wave).toFixed(4)}S`, p99: `PT${(0.019 * wave + (index % 61 < 3 ? 0.06 : 0)).toFixed(4)}S` } : {} };
  });
  return { since: ago(86_400), interval: 1, writes: data.outcomes, searches: isEmpty ? { count: 0 } : { count: 40_312, p50: "PT0.0052S", p99: "PT0.031S" }, samples };
}

/** Starts the stand-in. Returns { url, data, close }. */
export async function startStub({ port = 0, key = null, isEmpty = false } = {}) {
  const data = new Data(isEmpty);
  const sessions = new Map();

  const routes = [
    ["GET", "/session", ({ session }) => session ? { role: "admin", name: session.name, csrf: session.csrf } : { role: "admin" }],
    ["GET", "/status", () => ({ writesInFlight: 12, writesWaiting: 0, unitsWaiting: 3, unsettled: isEmpty ? 0 : 1, unindexed: isEmpty ? 0 : 2,
      followerLag: isEmpty ? undefined : "PT0.051S", index: { model: "all-minilm-l6-v2-q", dimension: 384, documents: data.memories.size, segments: 6, bytes: 184_300_120 },
      embedding: embedding(isEmpty), background: isEmpty ? [] : [
        { name: "settling of writes in doubt", lastSuccess: ago(2) }, { name: "following of other processes", lastSuccess: ago(0) },
        { name: "sweep of expired memories", lastSuccess: ago(3_700) },
        { name: "indexing of memories left behind", lastSuccess: ago(800), lastFailure: ago(20), lastProblem: "the disk is full: 0 bytes left; make room, it goes on by itself" }] })],
    ["GET", "/statistics", () => ({ memories: data.memories.size, entries: [...data.histories.values()].flat().length, coreBytes: 412_000_000, historyBytes: 655_000_000,
      unsettled: isEmpty ? [] : [{ id: uuid(), op: uuid() }],
      unindexed: isEmpty ? [] : [{ memory: [...data.memories.keys()][0], problem: "the disk is full: 0 bytes left" }], embedding: embedding(isEmpty), background: [] })],
    ["GET", "/metrics-summary", () => summary(data, isEmpty)],
    ["GET", "/scopes", ({ query }) => {
      const scopes = new Map();
      for (const { scope } of data.memories.values()) {
        if ((scope.user ?? "").startsWith(query.get("prefix") ?? "")) {
          const name = JSON.stringify(scope);
          scopes.set(name, { scope, memories: (scopes.get(name)?.memories ?? 0) + 1 });
        }
      }
      return page("scopes", [...scopes.values()], query);
    }],
    ["DELETE", "/scopes", ({ query }) => {
      const scope = Object.fromEntries(query);
      const all = data.matching(scope);
      all.forEach((memory) => data.remove(memory.id, true));
      data.conversations = data.conversations.filter((one) => !within(one.scope, scope));
      return { deleted: all.length, purged: all.length, failed: 0, failures: [], messages: 0 };
    }],
    ["GET", "/memories", ({ query }) => page("memories", data.matching(Object.fromEntries(query)), query)],
    ["POST", "/memories", ({ body }) => ({ status: 201, value: { outcome: "stored", memory: data.add(body) } })],
    ["POST", "/memories/list", ({ body }) => page("memories", data.matching(body.scope, body.filter), new Map(Object.entries(body)))],
    ["POST", "/memories/count", ({ body }) => ({ count: data.matching(body.scope, body.filter).length })],
    ["POST", "/memories/search", ({ body }) => ({ hits: hits(data, body) })],
    ["GET", "/memories/:id/history", ({ id }) => data.histories.has(id) ? { entries: data.histories.get(id) } : notFound(id)],
    ["GET", "/memories/:id/neighbours", ({ id, query }) => {
      const memory = data.memories.get(id) ?? notFound(id);
      return { hits: data.matching({ user: memory.scope.user }).filter((one) => one.id !== id).slice(0, Number(query.get("limit") ?? 10))
        .map((one, index) => ({ memory: one, score: 0.91 - index * 0.08 })) };
    }],
    ["GET", "/memories/:id", ({ id }) => data.memories.get(id) ?? notFound(id)],
    ["PATCH", "/memories/:id", ({ id, body, headers }) => {
      const before = data.memories.get(id) ?? notFound(id);
      expect(headers, before);
      const { by, ...change } = body;
      if (change.occurredAt && Number.isNaN(Date.parse(change.occurredAt))) {
        throw new Problem(400, "occurredAt is no time; write it as 2026-03-02T09:22:01Z");
      }
      return { outcome: "stored", memory: data.update(id, change, by) };
    }],
    ["DELETE", "/memories/:id", ({ id, query, headers }) => {
      expect(headers, data.memories.get(id) ?? notFound(id));
      return data.remove(id, query.get("purge") === "true");
    }],
    ["GET", "/conversations", ({ query }) => page("conversations", data.conversations.map((one) => one.scope), query)],
    ["GET", "/conversations/messages", ({ query }) => page("messages", data.conversations.find((one) => ["user", "agent", "run"].every((name) =>
      (one.scope[name] ?? "") === (query.get(name) ?? "")))?.messages ?? [], query)],
    ["POST", "/conversations/messages", ({ body }) => {
      const known = data.conversations.find((one) => JSON.stringify(one.scope) === JSON.stringify(body.scope));
      const conversation = known ?? { scope: body.scope, messages: [] };
      if (!known) {
        data.conversations.push(conversation);
      }
      body.messages.forEach((one) => conversation.messages.push(message(conversation.messages.length + 1, one.role.toUpperCase(), one.text)));
      return { messages: conversation.messages };
    }],
    ["DELETE", "/conversations", ({ query }) => {
      const before = data.conversations.length;
      data.conversations = data.conversations.filter((one) => !within(one.scope, Object.fromEntries(query)));
      return { deleted: before - data.conversations.length };
    }],
    ["GET", "/lanes", () => ({ lanes: isEmpty ? [] : ["interactive", "extraction", "bulk"].map((lane, index) => ({ lane, queued: Math.round((index * 40) * (1 + Math.sin(Date.now() / 3_000) / 2)),
      retrying: index, running: 4 - index, submitted: 91_230, refused: index * 3, completed: 90_000, failed: index * 7, cancelled: 2, retries: 55,
      submittedPerSecond: 40.2, completedPerSecond: 39.8 / (index + 1), waitP50: `PT0.0${index + 1}2S`, waitP99: `PT${index + 1}.4S`, runP50: "PT0.081S", runP99: "PT2.1S" })) })],
    ["GET", "/dead-letters", () => ({ deadLetters: data.letters })],
    ["POST", "/dead-letters/:id/replay", ({ id }) => {
      data.letters = data.letters.filter((one) => one.id !== id);
      return { id };
    }],
    ["DELETE", "/dead-letters/:id", ({ id }) => {
      data.letters = data.letters.filter((one) => one.id !== id);
      return { status: 204 };
    }],
    ["GET", "/embedding-endpoints", () => embedding(isEmpty)],
    ["GET", "/jobs", () => {
      data.jobs.filter((job) => job.state === "running").forEach((job) => job.done += 311);
      return { jobs: data.jobs };
    }],
    ["POST", "/verify", ({ query }) => ({ core: data.memories.size, history: data.memories.size + 2, vector: data.memories.size - 1,
      inconsistencies: query.get("repair") || isEmpty ? [] : [{ memory: [...data.memories.keys()][1], problem: "it is missing in the index" }], repaired: query.get("repair") ? 1 : 0 })],
  ];

  const server = createServer(async (request, response) => {
    const address = new URL(request.url, "http://localhost");
    const send = (status, type, bytes, headers = {}) => {
      response.writeHead(status, { "Content-Type": type, "Content-Security-Policy": CSP, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", ...headers });
      response.end(bytes);
    };
    try {
      if (!address.pathname.startsWith("/api/v1/")) {
        const path = normalize(join(PAGES, address.pathname === "/" ? "index.html" : address.pathname));
        send(200, TYPES[extname(path)], await readFile(path));
        return;
      }
      const chunks = [];
      for await (const chunk of request) {
        chunks.push(chunk);
      }
      const body = chunks.length > 0 ? JSON.parse(Buffer.concat(chunks)) : undefined;
      const path = address.pathname.slice("/api/v1".length);
      if (key && request.method === "POST" && path === "/session") {
        if (body.key !== key) {
          throw new Problem(401, "the key is not known here, or it has expired; ask whoever runs this server", "No access");
        }
        const id = uuid();
        sessions.set(id, { name: "test", csrf: uuid() });
        send(200, "application/json", "{}", { "Set-Cookie": `memlane=${id}; HttpOnly; SameSite=Strict; Path=/` });
        return;
      }
      const session = sessions.get(/memlane=([^;]+)/.exec(request.headers.cookie ?? "")?.[1]);
      if (key && !session) {
        throw new Problem(401, "the request has no key; send one as Authorization: Bearer mk_...", "No access");
      }
      if (session && request.method !== "GET" && request.headers["x-memlane-csrf"] !== session.csrf) {
        throw new Problem(403, "the request does not come from the dashboard; reload the page", "No access");
      }
      if (request.method === "DELETE" && path === "/session") {
        sessions.clear();
        send(204, "application/json", "");
        return;
      }
      for (const [method, pattern, work] of routes) {
        const match = new RegExp(`^${pattern.replace(/:id/, "([^/]+)")}$`).exec(path);
        if (method === request.method && match) {
          const answer = await work({ body, query: address.searchParams, id: match[1] && decodeURIComponent(match[1]), headers: request.headers, session });
          const status = answer.status && Number.isInteger(answer.status) ? answer.status : 200;
          send(status, "application/json", status === 204 ? "" : JSON.stringify(answer.value ?? answer));
          return;
        }
      }
      throw new Problem(404, `there is no ${request.method} ${path}`, "There is no such thing");
    } catch (e) {
      const status = e instanceof Problem ? e.status : e.code === "ENOENT" ? 404 : 500;
      send(status, "application/problem+json", JSON.stringify({ type: "about:blank", title: e.title ?? "The server failed", status, detail: e.message }));
    }
  });
  await new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, data, close: () => new Promise((resolve) => {
    server.closeAllConnections();
    server.close(resolve);
  }) };
}

function page(name, all, query) {
  const begin = Number(query.get("cursor") ?? 0);
  const end = begin + Number(query.get("limit") ?? 100);
  return { [name]: all.slice(begin, end), ...end < all.length ? { next: String(end) } : {} };
}

function notFound(id) {
  throw new Problem(404, `there is no memory ${id}`, "There is no such thing");
}

function expect(headers, memory) {
  if (headers["if-match"] && headers["if-match"] !== `"${memory.op}"`) {
    throw new Problem(412, `memory ${memory.id} is no longer in the state that was read; nothing was written: read it again and decide`, "The memory was changed");
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const option = (name) => process.argv.includes(name) ? process.argv[process.argv.indexOf(name) + 1] : undefined;
  const stub = await startStub({ port: Number(option("--port") ?? 7400), key: option("--key") ?? null, isEmpty: process.argv.includes("--empty") });
  console.log(stub.url);
}
