// The official TypeScript client: what a program in another language sees. Arguments: "http", the URL and a key, or
// "stdio" and the command line of a server. The memory must be empty.
import assert from 'node:assert/strict';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

const [kind, first, ...rest] = process.argv.slice(2);
const transport = kind === 'stdio'
  ? new StdioClientTransport({ command: first, args: rest, stderr: 'inherit' })
  : new StreamableHTTPClientTransport(new URL(first),
    { requestInit: { headers: { Authorization: `Bearer ${rest[0]}` } } });

const client = new Client({ name: 'memlane-test', version: '1' });
await client.connect(transport);
const call = (name, args, options) => client.callTool({ name, arguments: args }, undefined, options);

// What there is. The client checks every structured result against the schema it is told here.
const { tools } = await client.listTools();
assert.deepEqual(tools.map(tool => tool.name), ['memory_add', 'memory_add_batch', 'memory_search', 'memory_context',
  'memory_get', 'memory_list', 'memory_update', 'memory_delete', 'memory_history']);
assert.ok(tools.every(tool => tool.outputSchema && tool.annotations.openWorldHint === false));
assert.match(client.getInstructions(), /long-term memory/);

// A memory's life.
const added = await call('memory_add', { content: 'Ada moved to Porto', occurredAt: '2026-03-01', metadata: { topic: 'home' } });
const { id, op } = added.structuredContent;
assert.deepEqual(JSON.parse(added.content[0].text), added.structuredContent);
const batch = await call('memory_add_batch', { memories: [{ content: 'Ada plays the oboe' }, { content: 'Ada sings', expiresAt: 'never' }] });
assert.deepEqual(batch.structuredContent.results.map(result => result.outcome), ['stored', 'failed']);
const found = await call('memory_search', { query: 'Porto', filter: { topic: 'home' } });
assert.equal(found.structuredContent.hits[0].id, id);
await call('memory_update', { id, content: 'Ada moved to Lisbon', op });
const conflict = await call('memory_update', { id, content: 'Ada moved to Faro', op });
assert.equal(conflict.isError, true);
assert.match(conflict.content[0].text, /changed since it was read/);
const history = await call('memory_history', { id });
assert.deepEqual(history.structuredContent.history.map(change => change.kind), ['add', 'update']);
assert.equal((await call('memory_list', { order: 'newest', limit: 1 })).structuredContent.memories.length, 1);
const wrong = await call('memory_search', { query: 'x', limit: 0 });
assert.equal(wrong.isError, true);
assert.match(wrong.content[0].text, /from 1 to 100/);

// Many at once.
const all = await Promise.all(Array.from({ length: 50 }, (_, i) => call('memory_add', { content: `number ${i}`, key: `n${i}` })));
assert.equal(new Set(all.map(result => result.structuredContent.id)).size, 50);

// Resources and prompts.
const recent = JSON.parse((await client.readResource({ uri: 'memlane://recent' })).contents[0].text);
assert.equal(recent.memories.length, 50);
const one = JSON.parse((await client.readResource({ uri: `memlane://memories/${id}` })).contents[0].text);
assert.equal(one.content, 'Ada moved to Lisbon');
await assert.rejects(client.readResource({ uri: 'memlane://memories/none' }), /no memory id/);
assert.deepEqual((await client.listResourceTemplates()).resourceTemplates.map(template => template.uriTemplate),
  ['memlane://memories/{id}']);
const prompt = await client.getPrompt({ name: 'recall', arguments: { about: 'Lisbon' } });
assert.match(prompt.messages[0].content.text, /Ada moved to Lisbon/);

// Deleted is gone.
await call('memory_delete', { id });
assert.equal((await call('memory_get', { id })).isError, true);

await client.close();
console.log('the client is content');
