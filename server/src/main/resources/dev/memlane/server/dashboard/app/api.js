// Calls of the server's API, which is the same that programs use.

const BASE = "/api/v1";
const LONGEST = 60_000;

let csrf = null;

/** A call that failed. Its message is the problem document's detail, which says what to do. */
export class ApiError extends Error {
  constructor(status, problem) {
    super(problem.detail ?? problem.title ?? `the server answered ${status}`);
    this.name = "ApiError";
    this.status = status;
    this.title = problem.title ?? "The call failed";
    this.problem = problem;
  }
}

/** What the key of this session may do: { role, name }; null if nobody is signed in. */
export async function session() {
  try {
    const answer = await call("GET", "/session");
    csrf = answer.csrf ?? null;
    return answer;
  } catch (e) {
    if (e instanceof ApiError && e.status === 401) {
      return null;
    }
    if (e instanceof ApiError && e.status === 404) {
      return { role: "admin" };
    }
    throw e;
  }
}

export async function signIn(key) {
  await call("POST", "/session", { body: { key } });
  return session();
}

export async function signOut() {
  await call("DELETE", "/session");
  csrf = null;
}

export const get = (path, query, signal) => call("GET", path, { query, signal });
export const post = (path, body, signal) => call("POST", path, { body: body ?? {}, signal });

/** The path of the API's call with a query, without what is not set. */
export function url(path, query) {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== null && value !== "" && value !== false) {
      parameters.set(name, value);
    }
  }
  const text = parameters.toString();
  return BASE + path + (text ? `?${text}` : "");
}

/**
 * Calls the server and returns the answer's JSON, or null if it has none.
 *
 * @throws ApiError if the server refuses it or can't be reached
 */
export async function call(method, path, { query, body, headers = {}, signal } = {}) {
  const all = { Accept: "application/json", ...headers };
  if (body !== undefined) {
    all["Content-Type"] = "application/json";
  }
  if (csrf && method !== "GET") {
    all["X-Memlane-Csrf"] = csrf;
  }
  const limit = AbortSignal.timeout(LONGEST);
  let response;
  let text;
  try {
    response = await fetch(url(path, query), {
      method, headers: all, body: body === undefined ? undefined : JSON.stringify(body), cache: "no-store",
      credentials: "same-origin", redirect: "error", signal: signal ? AbortSignal.any([signal, limit]) : limit,
    });
    text = await response.text();
  } catch (e) {
    if (signal?.aborted) {
      throw e;
    }
    throw new ApiError(0, limit.aborted
      ? { title: "No answer", detail: `The server did not answer within ${LONGEST / 1000} seconds. Try again.` }
      : { title: "No connection", detail: "The server can't be reached. Check that it runs, then try again." });
  }
  const value = parse(text);
  if (response.ok) {
    return value;
  }
  if (response.status === 401 && path !== "/session") {
    dispatchEvent(new CustomEvent("memlane-signed-out"));
  }
  throw new ApiError(response.status, value && typeof value === "object" ? value : {});
}

function parse(text) {
  if (!text) {
    return null;
  }
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
