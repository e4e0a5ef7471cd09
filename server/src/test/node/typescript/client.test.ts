// The client against a real server. Started by TypeScriptClientTest, which sets MEMLANE_URL and MEMLANE_KEY.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Memlane, ProblemError, type Change, type NewMemory, type Problem } from './client.js';

const options = { url: process.env['MEMLANE_URL'] ?? '', key: process.env['MEMLANE_KEY'] ?? '' };
const memlane = new Memlane(options);

async function problem(call: Promise<unknown>): Promise<Problem> {
  try {
    await call;
  } catch (failure) {
    assert.ok(failure instanceof ProblemError, String(failure));
    return failure.problem;
  }
  throw new Error('it was done');
}

test('add, search, get, update with an expectation, history, delete', async () => {
  const scope = { user: 'calls' };
  const body: NewMemory = { content: 'Ada plays the oboe', scope, key: 'instrument', metadata: { topic: 'music', year: 2026 } };

  const added = await memlane.api.POST('/api/v1/memories', { body });
  assert.equal(added.response.status, 201);
  const memory = added.data?.memory;
  assert.ok(memory);
  const again = await memlane.api.POST('/api/v1/memories', { body });
  assert.equal(again.data?.outcome, 'duplicate');

  const found = await memlane.api.POST('/api/v1/memories/search', {
    body: { query: 'which instrument?', scope, limit: 1, filter: { is: 'equal', key: 'topic', value: 'music' }, include: ['explanation'] },
  });
  const hit = found.data?.hits[0];
  assert.equal(hit?.memory.id, memory.id);
  assert.ok(hit.score > 0 && hit.explanation);

  const path = { id: memory.id };
  const tag = added.response.headers.get('ETag') ?? '';
  const updated = await memlane.api.PATCH('/api/v1/memories/{id}', {
    params: { path, header: { 'If-Match': tag } }, body: { content: 'Ada plays the cello' },
  });
  assert.equal(updated.data?.memory.version, 2);
  const late = await problem(memlane.api.PATCH('/api/v1/memories/{id}', {
    params: { path, header: { 'If-Match': tag } }, body: { content: 'Ada plays the harp' },
  }));
  assert.equal(late.status, 412);
  assert.equal(late.outcome, 'conflict');
  assert.equal(late.found, updated.data?.memory.op);

  const history = await memlane.api.GET('/api/v1/memories/{id}/history', { params: { path } });
  assert.deepEqual(history.data?.entries.map((entry) => entry.kind), ['UPDATE', 'ADD']);
  const past = await memlane.api.GET('/api/v1/memories/{id}', { params: { path, query: { at: memory.createdAt } } });
  assert.equal(past.data?.content, 'Ada plays the oboe');

  const deleted = await memlane.api.DELETE('/api/v1/memories/{id}', { params: { path } });
  assert.equal(deleted.data?.outcome, 'deleted');
  assert.equal((await problem(memlane.api.GET('/api/v1/memories/{id}', { params: { path } }))).status, 404);
});

test('a batch has an outcome for each, and a list has pages', async () => {
  const scope = { user: 'pages' };
  const memories = Array.from({ length: 25 }, (_, i) => ({ content: `number ${i}`, scope, key: `${i}` }));

  const { data } = await memlane.api.POST('/api/v1/memories/batch', { body: { memories: [...memories, { content: '', scope }] } });

  assert.equal(data?.outcomes.length, 26);
  const last = data.outcomes[25];
  assert.ok(last && 'problem' in last);
  assert.equal(last.problem.status, 400);
  assert.ok(data.outcomes.slice(0, 25).every((each) => 'memory' in each && each.outcome === 'stored'));
  const listed: string[] = [];
  for await (const memory of memlane.list(scope, 10)) {
    listed.push(memory.content);
  }
  assert.deepEqual(listed, memories.map((memory) => memory.content));
});

test('a stream of memories has a result for each line', async () => {
  const scope = { user: 'streams' };
  async function* memories(): AsyncGenerator<NewMemory> {
    for (let i = 0; i < 1_200; i++) {
      yield { content: i === 700 ? '' : `number ${i}`, scope, key: `${i}` };
    }
  }

  const results = [];
  for await (const result of memlane.ingest(memories())) {
    results.push(result);
  }

  assert.equal(results.length, 1_200);
  assert.deepEqual(results.filter((result) => result.outcome !== 'stored').map((result) => [result.line, result.outcome]), [[701, 'refused']]);
});

test('changes go on after a broken connection, and none is missed', async () => {
  const scope = { user: 'changes' };
  const ended = new AbortController();
  let connection = new AbortController();
  let connections = 0;
  const follower = new Memlane({
    ...options,
    fetch: (request, init) => {
      connections++;
      connection = new AbortController();
      return fetch(request, { ...init, signal: AbortSignal.any([ended.signal, connection.signal]) });
    },
  });
  const add = async (content: string) => {
    const { data } = await memlane.api.POST('/api/v1/memories', { body: { content, scope } });
    return data?.memory.id;
  };
  const expected = [await add('before')];
  const seen: Change[] = [];

  for await (const change of follower.changes(scope, ended.signal, '0')) {
    seen.push(change);
    if (seen.length === 4) {
      ended.abort();
      break;
    }
    expected.push(await add(`after ${seen.length}`));
    connection.abort();
  }

  assert.deepEqual(seen.map((change) => change.memory), expected);
  assert.ok(seen.every((change) => change.kind === 'ADD' && change.version === 1));
  assert.equal(connections, 4);
});

test('what is not done is a problem that says what to do', async () => {
  const stranger = new Memlane({ ...options, key: 'mlk_unknown' });
  assert.equal((await problem(stranger.api.GET('/api/v1/memories'))).status, 401);
  const missing = await problem(memlane.api.POST('/api/v1/memories', { body: { content: 'x' } }));
  assert.equal(missing.status, 400);
  assert.match(missing.detail, /name a user, an agent or a run/);
  await assert.rejects(async () => {
    for await (const change of memlane.changes({ user: 'x' }, new AbortController().signal, 'odd')) {
      assert.fail(change.memory);
    }
  }, ProblemError);
});
