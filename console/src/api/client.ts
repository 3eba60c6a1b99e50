/** Calls of the API. Every failure is an ApiError; a 401 also brings up the sign-in page. */
import { errorOf, unreachable } from "./errors";
import { heard } from "./pulse";
import { authorization, needsKey } from "./session";

export interface Call {
  method?: string;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
}

/** The answer's JSON. */
export async function call<T>(path: string, options: Call = {}): Promise<T> {
  return (await (await open(path, options)).json()) as T;
}

/** The answer itself, for those that are read as they come. A body that is no plain value goes as it is. */
export async function open(path: string, options: Call = {}): Promise<Response> {
  const answer = await fetched(path, options);
  if (answer.ok) return answer;
  return refused(answer);
}

/** The answer of a model or its gateway, with whatever status; what control itself refuses is an error as always. */
export async function send(path: string, options: Call): Promise<Response> {
  const answer = await fetched(path, options);
  return answer.ok || answer.headers.has("x-headway-request-id") ? answer : refused(answer);
}

async function fetched(path: string, options: Call): Promise<Response> {
  const answer = await fetch(path, initOf(options)).catch((error: unknown) => {
    if (options.signal?.aborted) throw error;
    throw unreachable();
  });
  heard();
  return answer;
}

async function refused(answer: Response): Promise<never> {
  if (answer.status === 401) needsKey.set(true);
  throw await errorOf(answer);
}

function initOf({ method = "GET", body, headers = {}, signal }: Call): RequestInit {
  const init: RequestInit = { method, signal: signal ?? null, headers: { ...authorization(), ...headers } };
  if (body === undefined) return init;
  if (body instanceof Blob || typeof body === "string") return { ...init, body };
  const json = { "content-type": "application/json", ...init.headers };
  return { ...init, headers: json, body: JSON.stringify(body) };
}

/** `/v1/models/{model}`, with what follows it. */
export const modelPath = (model: string, rest = ""): string => `/v1/models/${encodeURIComponent(model)}${rest}`;

/** `/v1/models/{model}/deployments/{deployment}`, with what follows it. */
export function deploymentPath(model: string, deployment: string, rest = ""): string {
  return modelPath(model, `/deployments/${encodeURIComponent(deployment)}${rest}`);
}
