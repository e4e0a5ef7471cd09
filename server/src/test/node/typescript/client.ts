// A small client of the server. All paths, parameters, bodies and answers have the types of generated.d.ts, which
// openapi-typescript makes from the server's /openapi.json.
import createClient, { type Client } from 'openapi-fetch';
import type { components, paths } from './generated.js';

type Schemas = components['schemas'];
export type Memory = Schemas['Memory'];
export type NewMemory = Schemas['NewMemory'];
export type Scope = Schemas['Scope'];
export type Problem = Schemas['Problem'];
export type IngestResult = Schemas['IngestResult'];

/** What was not done as requested. Its message says what to do. */
export class ProblemError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail);
  }
}

/** A change of a memory, with the cursor to go on after it. */
export interface Change {
  readonly cursor: string;
  readonly memory: string;
  readonly kind: string;
  readonly version: number;
}

export interface Options {
  readonly url: string;
  readonly key: string;
  readonly fetch?: typeof fetch;
}

const LONGEST_PAUSE = 30_000;

export class Memlane {
  /** All routes, with their types. What is not done as requested is thrown. */
  readonly api: Client<paths>;

  constructor(private readonly options: Options) {
    this.api = createClient<paths>({ baseUrl: options.url, headers: this.headers(), fetch: (request) => this.send(request) });
    this.api.use({
      async onResponse({ response }) {
        await requireDone(response);
      },
    });
  }

  private headers(): Record<string, string> {
    return { Authorization: `Bearer ${this.options.key}` };
  }

  private send(request: Request | URL, init?: RequestInit): Promise<Response> {
    return (this.options.fetch ?? fetch)(request, init);
  }

  /** All memories of a scope, oldest first, page by page. */
  async *list(scope: Scope, limit = 100): AsyncGenerator<Memory> {
    let cursor: string | undefined;
    do {
      const { data } = await this.api.POST('/api/v1/memories/list', {
        body: { scope, order: 'oldest', limit, ...(cursor === undefined ? {} : { cursor }) },
      });
      yield* data?.memories ?? [];
      cursor = data?.next;
    } while (cursor !== undefined);
  }

  /** Stores memories while they are produced, and yields the result of each line. */
  async *ingest(memories: AsyncIterable<NewMemory>): AsyncGenerator<IngestResult> {
    async function* lines() {
      for await (const memory of memories) {
        yield new TextEncoder().encode(JSON.stringify(memory) + '\n');
      }
    }
    const request: RequestInit & { duplex: 'half' } = {
      method: 'POST',
      headers: { ...this.headers(), 'Content-Type': 'application/jsonl' },
      body: ReadableStream.from(lines()) as unknown as NonNullable<RequestInit['body']>,
      duplex: 'half',
    };
    const response = await this.send(new URL('/api/v1/ingest', this.options.url), request);
    await requireDone(response);
    for await (const line of linesOf(response)) {
      yield JSON.parse(line) as IngestResult;
    }
  }

  /**
   * Changes in a scope, after a cursor or from now on. A connection that breaks is made again, from the last cursor, until
   * the signal is aborted.
   */
  async *changes(scope: Scope, signal: AbortSignal, cursor?: string): AsyncGenerator<Change> {
    const url = new URL('/api/v1/events', this.options.url);
    for (const [name, value] of Object.entries(scope)) {
      url.searchParams.set(name, value);
    }
    let last = cursor;
    let pause = 100;
    while (!signal.aborted) {
      try {
        const headers = { ...this.headers(), ...(last === undefined ? {} : { 'Last-Event-ID': last }) };
        const response = await this.send(url, { headers, signal });
        await requireDone(response);
        for await (const event of eventsOf(response)) {
          pause = 100;
          last = event.id ?? last;
          if (event.type === 'change') {
            yield { ...JSON.parse(event.data), cursor: last } as Change;
          }
        }
      } catch (failure) {
        if (signal.aborted || failure instanceof ProblemError && failure.problem.status < 500) {
          if (signal.aborted) {
            return;
          }
          throw failure;
        }
      }
      await new Promise((resolve) => setTimeout(resolve, pause));
      pause = Math.min(pause * 2, LONGEST_PAUSE);
    }
  }
}

async function requireDone(response: Response): Promise<void> {
  if (!response.ok) {
    throw response.headers.get('Content-Type') === 'application/problem+json'
      ? new ProblemError(await response.json() as Problem)
      : new Error(`the server answered with status ${response.status}`);
  }
}

async function* linesOf(response: Response): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const piece of response.body ?? []) {
    const lines = (rest + decoder.decode(piece as Uint8Array, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}

/** The events of a stream, as the HTML standard has them, as far as the server uses them. */
async function* eventsOf(response: Response): AsyncGenerator<{ id?: string, type: string, data: string }> {
  let fields = new Map<string, string>();
  for await (const line of linesOf(response)) {
    const colon = line.indexOf(': ');
    if (line === '') {
      const id = fields.get('id');
      if (fields.has('data')) {
        yield { type: fields.get('event') ?? 'message', data: fields.get('data') ?? '', ...(id === undefined ? {} : { id }) };
      }
      fields = new Map();
    } else if (colon > 0) {
      fields.set(line.slice(0, colon), line.slice(colon + 2));
    }
  }
}
