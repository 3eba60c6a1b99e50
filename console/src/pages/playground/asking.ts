/** Requests that the playground sends: one, read as it comes, and several at once. */
import { call, open } from "../../api/client";
import { ApiError } from "../../api/errors";
import type { RequestRecord } from "../../api/types";
import { type Span, spansOf, spansOfHeader } from "./timing";

export interface Answer {
  status: number;
  requestId: string;
  text: string;
  seconds: number;
  spans: Span[];
  isOver: boolean;
}

export interface BurstAnswer {
  index: number;
  request_id: string;
  status: number;
  seconds: number;
  server_timing: string;
  body: string;
}

/** More of an answer than this is not shown. */
export const MOST_TEXT = 200_000;

/** Send `body` to the deployment at `path`; `onAnswer` is told of every piece. Raises ApiError. */
export async function ask(path: string, body: string, signal: AbortSignal, onAnswer: (answer: Answer) => void): Promise<void> {
  const began = performance.now();
  const headers = { "content-type": "application/json" };
  const came = await open(`${path}/predict`, { method: "POST", body, headers, signal });
  const answer: Answer = {
    status: came.status,
    requestId: came.headers.get("x-headway-request-id") ?? "",
    text: "",
    seconds: 0,
    spans: spansOfHeader(came.headers.get("server-timing") ?? ""),
    isOver: false,
  };
  const told = (): void => onAnswer({ ...answer, seconds: (performance.now() - began) / 1000 });
  for await (const piece of pieces(came)) {
    if (answer.text.length < MOST_TEXT) answer.text += piece;
    told();
  }
  answer.isOver = true;
  told();
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
  let rest = "";
  for await (const piece of pieces(came)) {
    const lines = (rest + piece).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line !== "") onAnswer(JSON.parse(line) as BurstAnswer);
  }
}

const TRIES = 8;
const PAUSE = 400;

/** All stages of a request that has ended. Its record is written a moment later; null when none was kept. */
export async function recorded(path: string, requestId: string, signal: AbortSignal): Promise<Span[] | null> {
  for (let tries = 0; tries < TRIES && !signal.aborted; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
    const records = await call<{ requests: RequestRecord[] }>(`${path}/requests?limit=100`, { signal }).catch(() => null);
    const found = records?.requests.find((one) => one.request_id === requestId);
    if (found !== undefined) return spansOf(found.stages);
  }
  return null;
}

async function* pieces(came: Response): AsyncGenerator<string> {
  const reader = came.body?.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (let part = await reader?.read(); part !== undefined && !part.done; part = await reader?.read()) yield part.value;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, "broken", "The answer broke off");
  }
}
