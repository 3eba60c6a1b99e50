/** Requests that the playground sends: one, read as it comes, and several at once. */
import { call, open, send } from "../../api/client";
import { ApiError } from "../../api/errors";
import type { RequestRecord } from "../../api/types";
import { faultTold } from "./answers";
import { type Span, spansOf, spansOfHeader } from "./timing";

/** What is asked of a deployment: `path` begins after its own in the API. */
export interface Order {
  method: string;
  path: string;
  contentType: string;
  body: string | Blob | null;
}

export interface Answer {
  status: number;
  requestId: string;
  contentType: string;
  headers: [string, string][];
  /** As much of it as is shown; empty where it is no text. */
  text: string;
  isText: boolean;
  /** All that has come. */
  bytes: number;
  /** The whole content, once it is there; null when it is more than is kept. */
  content: Blob | null;
  /** Seconds until its head came, and until now. */
  firstByte: number;
  seconds: number;
  spans: Span[];
  isOver: boolean;
  /** What its body says is wrong, where its status says that something is. */
  fault: { message: string; hint: string } | null;
}

export interface BurstAnswer {
  index: number;
  request_id: string;
  status: number;
  seconds: number;
  server_timing: string;
  body: string;
}

/** More of an answer's text than this is not shown, and more of its content is not kept. */
export const MOST_TEXT = 200_000;
export const MOST_KEPT = 64 * 1024 * 1024;
const TOLD_EVERY = 60;

/**
 * Send `order` to the deployment at `path`; `onAnswer` is told of what has come, now and then, and `onText` of each piece
 * of text. An answer with any status is one. Raises ApiError when there is none, or it breaks off.
 */
export async function ask(
  path: string,
  order: Order,
  signal: AbortSignal,
  onAnswer: (answer: Answer) => void,
  onText?: (piece: string, answer: Answer) => void,
): Promise<void> {
  const began = performance.now();
  const since = (): number => (performance.now() - began) / 1000;
  const headers: Record<string, string> = order.body === null ? {} : { "content-type": order.contentType };
  const came = await send(`${path}/${order.path}`, { method: order.method, body: order.body ?? undefined, headers, signal });
  const answer = headOf(came, since());
  const kept: Uint8Array<ArrayBuffer>[] = [];
  const decoder = new TextDecoder();
  let toldAt = 0;
  const tell = (): void => {
    toldAt = performance.now();
    onAnswer({ ...answer, seconds: since() });
  };
  tell();
  const take = (piece: string): void => {
    if (answer.text.length < MOST_TEXT) answer.text += piece;
    if (piece !== "") onText?.(piece, { ...answer, seconds: since() });
  };
  for await (const bytes of pieces(came)) {
    if (answer.bytes === 0) answer.isText = looksLikeText(answer.contentType, bytes);
    answer.bytes += bytes.length;
    if (answer.bytes <= MOST_KEPT) kept.push(bytes);
    else kept.length = 0;
    if (answer.isText) take(decoder.decode(bytes, { stream: true }));
    if (performance.now() - toldAt >= TOLD_EVERY) tell();
  }
  if (answer.isText) take(decoder.decode());
  if (answer.bytes <= MOST_KEPT) answer.content = new Blob(kept, { type: answer.contentType });
  if (answer.status >= 400) answer.fault = faultTold(answer.text);
  answer.isOver = true;
  tell();
}

function headOf(came: Response, seconds: number): Answer {
  return {
    status: came.status,
    requestId: came.headers.get("x-headway-request-id") ?? "",
    contentType: came.headers.get("content-type") ?? "",
    headers: [...came.headers].filter(([name]) => !OURS.has(name)),
    text: "",
    isText: true,
    bytes: 0,
    content: null,
    firstByte: seconds,
    seconds,
    spans: spansOfHeader(came.headers.get("server-timing") ?? ""),
    isOver: false,
    fault: null,
  };
}

/** What control adds for the browser's sake. */
const OURS = new Set(["content-security-policy", "x-content-type-options"]);
const TEXTUAL = /^text\/|[/+](json|xml|yaml|x-ndjson|javascript|x-www-form-urlencoded)\b/i;
const NOT_TEXTUAL = /^(image|audio|video|font)\/|^application\/(pdf|zip|gzip|x-msgpack)/i;

/** Streams of a model say that they are octets, whatever they are: then their beginning tells. */
function looksLikeText(contentType: string, bytes: Uint8Array): boolean {
  if (TEXTUAL.test(contentType)) return true;
  if (NOT_TEXTUAL.test(contentType) || bytes.includes(0)) return false;
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}

/** Send `input` to the deployment `count` times at once; each answer is told as it ends. Raises ApiError. */
export async function burst(
  path: string,
  count: number,
  input: unknown,
  signal: AbortSignal,
  onAnswer: (answer: BurstAnswer) => void,
): Promise<void> {
  const came = await open(`${path}/burst`, { method: "POST", body: { count, input }, signal });
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of pieces(came)) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line !== "") onAnswer(JSON.parse(line) as BurstAnswer);
  }
}

const TRIES = 8;
const PAUSE = 400;

/** All stages of a request that has ended. Its record is written a moment later; null when none was kept. */
export async function recorded(path: string, requestId: string, signal: AbortSignal): Promise<Span[] | null> {
  for (let tries = 0; tries < TRIES && requestId !== "" && !signal.aborted; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
    const records = await call<{ requests: RequestRecord[] }>(`${path}/requests?limit=200`, { signal }).catch(() => null);
    const found = records?.requests.find((one) => one.request_id === requestId);
    if (found !== undefined) return spansOf(found.stages);
  }
  return null;
}

/** Raises ApiError when it breaks off. */
export async function* pieces(came: Response): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const reader = came.body?.getReader();
  try {
    for (let part = await reader?.read(); part !== undefined && !part.done; part = await reader?.read()) yield part.value;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, "broken", "The answer broke off");
  }
}
