// mem0's own clients, unchanged, against a real server. Started by Mem0ClientsTest, which sets MEMLANE_URL and MEMLANE_KEY.
import assert from 'node:assert/strict';
import test from 'node:test';

process.env.MEM0_TELEMETRY = 'false';
const { MemoryClient: Client3 } = await import('mem0ai-3');
const { MemoryClient: Client2 } = await import('mem0ai-2');

const options = { apiKey: process.env.MEMLANE_KEY, host: process.env.MEMLANE_URL };
const texts = (memories) => memories.map((memory) => memory.memory).sort();

test('version 3: add, get, search, list, update, history, delete', async () => {
  const client = new Client3(options);
  await client.ping();
  const user = 'three-' + process.pid;
  const added = await client.add(
    [{ role: 'user', content: 'I play the oboe' }, { role: 'assistant', content: 'How long have you played it?' }],
    { userId: user, metadata: { topic: 'music', year: 2026 }, infer: false });
  assert.equal(added.length, 2);
  assert.equal(added[0].event, 'ADD');

  const memory = await client.get(added[0].id);
  assert.equal(memory.memory, 'I play the oboe');
  assert.equal(memory.userId, user);
  assert.deepEqual(memory.metadata, { topic: 'music', year: 2026 });
  assert.equal(memory.role, 'user');

  const found = await client.search('oboe', { filters: { user_id: user }, topK: 1 });
  assert.deepEqual(texts(found.results), ['I play the oboe']);
  assert.ok(found.results[0].score > 0);

  const listed = await client.getAll({ filters: { AND: [{ user_id: user }, { topic: 'music' }] }, page: 1, pageSize: 1 });
  assert.equal(listed.count, 2);
  assert.equal(listed.results.length, 1);

  await client.update(added[0].id, { text: 'I play the cello' });
  const history = await client.history(added[0].id);
  assert.deepEqual(history.map((entry) => entry.event), ['ADD', 'UPDATE']);
  assert.equal(history[1].oldMemory, 'I play the oboe');
  assert.equal(history[1].newMemory, 'I play the cello');

  await client.delete(added[1].id);
  await assert.rejects(client.get(added[1].id));
  const left = await client.getAll({ filters: { user_id: user } });
  assert.deepEqual(texts(left.results), ['I play the cello']);
});

test('version 3: filters with their operators', async () => {
  const client = new Client3(options);
  const user = 'filters-' + process.pid;
  const runs = ['a', 'b', 'c'];
  for (const [i, run] of runs.entries()) {
    await client.add([{ role: 'user', content: 'note ' + i }],
      { userId: user, runId: run, infer: false, timestamp: 1767225600 + i * 86400, metadata: { n: i, tag: i % 2 ? 'odd' : 'even', name: 'x' + i } });
  }
  const list = async (filters) => texts((await client.getAll({ filters })).results).map((text) => text.slice(5)).join('');
  const and = (filter) => ({ AND: [{ user_id: user }, filter] });
  assert.equal(await list({ user_id: user }), '012');
  assert.equal(await list({ user_id: user, run_id: '*' }), '012');
  assert.equal(await list(and({ run_id: 'b' })), '1');
  assert.equal(await list(and({ run_id: { in: ['a', 'c'] } })), '02');
  assert.equal(await list({ OR: [{ AND: [{ user_id: user }, { run_id: 'a' }] }, { AND: [{ user_id: user }, { run_id: 'b' }] }] }), '01');
  assert.equal(await list(and({ n: { gte: 1 } })), '12');
  assert.equal(await list(and({ n: { gt: 0, lt: 2 } })), '1');
  assert.equal(await list(and({ n: { ne: 1 } })), '02');
  assert.equal(await list(and({ n: { in: [0, 1] } })), '01');
  assert.equal(await list(and({ name: { contains: '2' } })), '2');
  assert.equal(await list(and({ tag: '*' })), '012');
  assert.equal(await list(and({ NOT: [{ tag: 'even' }] })), '1');
  assert.equal(await list(and({ OR: [{ tag: 'odd' }, { n: 2 }] })), '12');
  assert.equal(await list(and({ metadata: { tag: 'even' } })), '02');
  assert.equal(await list(and({ created_at: { gte: '2026-01-02', lt: '2026-01-03' } })), '1');
  await assert.rejects(list(and({ n: { near: 1 } })), /near/);
  await assert.rejects(list({ NOT: [{ user_id: user }] }), /NOT/);
});

test('version 3: batches, entities, deleting a user', async () => {
  const client = new Client3(options);
  const user = 'entity-' + process.pid;
  const added = await client.add([{ role: 'user', content: 'one' }, { role: 'user', content: 'two' }], { userId: user });
  const updated = await client.batchUpdate([{ memoryId: added[0].id, text: 'uno' }, { memoryId: added[1].id, text: 'due' }]);
  assert.match(updated.message, /2/);
  const deleted = await client.batchDelete([added[1].id, '0198c5a2-7c1e-7a50-9d53-0242ac120002']);
  assert.match(deleted.message, /1/);
  assert.equal(deleted.failures.length, 1);
  assert.deepEqual(texts((await client.getAll({ filters: { user_id: user } })).results), ['uno']);
  const entity = (await client.users()).results.find((each) => each.name === user);
  assert.equal(entity.type, 'user');
  assert.equal(entity.totalMemories, 1);
  await client.deleteUsers({ userId: user });
  assert.deepEqual((await client.getAll({ filters: { user_id: user } })).results, []);
});

test('version 3: what is not supported is refused with a reason', async () => {
  const client = new Client3(options);
  await assert.rejects(client.add([{ role: 'user', content: 'x' }], { userId: 'ada', infer: true }), /infer/);
  await assert.rejects(client.add([{ role: 'user', content: 'x' }], { userId: 'ada', appId: 'shop' }), /app_id/);
  await assert.rejects(client.deleteAll({}), /scope/);
});

test('version 2: add, get, search, list, update, history, delete', async () => {
  const client = new Client2(options);
  const user = 'two-' + process.pid;
  const added = await client.add([{ role: 'user', content: 'I live in Porto' }], { user_id: user, run_id: '7', infer: false });
  assert.equal(added[0].memory, 'I live in Porto');
  await client.add([{ role: 'user', content: 'I like the sea' }], { user_id: user, infer: false });
  assert.equal((await client.get(added[0].id)).memory, 'I live in Porto');
  assert.deepEqual(texts(await client.search('Porto', { user_id: user, limit: 1 })), ['I live in Porto']);
  assert.deepEqual(texts(await client.search('Porto', { api_version: 'v2', filters: { user_id: user }, top_k: 1 })), ['I live in Porto']);
  assert.equal((await client.getAll({ user_id: user })).length, 2);
  assert.equal((await client.getAll({ user_id: user, page: 1, page_size: 1 })).count, 2);
  assert.equal((await client.getAll({ api_version: 'v2', filters: { user_id: user } })).length, 2);
  await client.update(added[0].id, { text: 'I live in Lisbon' });
  assert.equal((await client.history(added[0].id)).length, 2);
  await client.batchUpdate([{ memoryId: added[0].id, text: 'I live in Faro' }]);
  await client.batchDelete([added[0].id]);
  assert.equal((await client.getAll({ user_id: user })).length, 1);
  await client.deleteAll({ user_id: user });
  assert.equal((await client.getAll({ user_id: user })).length, 0);
  await client.add([{ role: 'user', content: 'x' }], { user_id: user });
  assert.ok((await client.users()).results.some((each) => each.name === user));
  await client.deleteUsers({ user_id: user });
});

test('the routes of the self-hosted server', async () => {
  const user = 'hosted-' + process.pid;
  const call = async (method, path, body) => {
    const answer = await fetch(options.host + path, {
      method, body: body && JSON.stringify(body), headers: { 'X-API-Key': options.apiKey, 'Content-Type': 'application/json' },
    });
    return { status: answer.status, json: await answer.json() };
  };
  const added = await call('POST', '/memories', { messages: [{ role: 'user', content: 'I play the harp' }], user_id: user });
  const id = added.json.results[0].id;
  assert.equal((await call('GET', '/memories/' + id)).json.memory, 'I play the harp');
  assert.equal((await call('GET', '/memories?user_id=' + user)).json.results.length, 1);
  assert.equal((await call('POST', '/search', { query: 'harp', user_id: user })).json.results[0].id, id);
  assert.equal((await call('PUT', '/memories/' + id, { text: 'I play the lute' })).status, 200);
  assert.equal((await call('GET', '/memories/' + id + '/history')).json.length, 2);
  assert.equal((await call('DELETE', '/memories/' + id)).status, 200);
  assert.equal((await call('GET', '/memories/' + id)).status, 404);
  assert.equal((await call('DELETE', '/memories?user_id=' + user)).status, 200);
  assert.equal((await call('DELETE', '/entities/user/' + user)).status, 200);
});
