/** Server-sent events over fetch, which takes an Authorization header; it connects again for as long as it is followed. */
import { open } from "./client";
import { ApiError } from "./errors";
import { answers, heard } from "./pulse";

export interface ServerEvent {
  event: string;
  data: string;
}

/** What a stream's text holds, however it is cut. */
export class EventParser {
  #rest = "";

  push(text: string): ServerEvent[] {
    const blocks = (this.#rest + text).replaceAll("\r\n", "\n").split("\n\n");
    this.#rest = blocks.pop() ?? "";
    return blocks.map(eventOf).filter((one) => one.data !== "");
  }
}

function eventOf(block: string): ServerEvent {
  let event = "message";
  const data: string[] = [];
  for (const line of block.split("\n")) {
    if (line.startsWith("event:")) event = line.slice(6).trim();
    else if (line.startsWith("data:")) data.push(line.slice(5).replace(/^ /, ""));
  }
  return { event, data: data.join("\n") };
}

/** Seconds to wait after so many failures in a row; `chance` (0 to 1) spreads the tabs of one browser. */
export const backOff = (failures: number, chance: number): number =>
  Math.min(10, 0.5 * 2 ** Math.min(failures, 6)) * (0.75 + chance / 2);

/** Longer without a byte than this, and the connection is held for dead; keep-alives come far more often. */
const SILENCE = 40_000;

/** Answers that another try does not change. */
const FINAL = [401, 403, 404];

export interface Follower {
  onEvent(event: ServerEvent): void;
  onUp(): void;
  onDown(error: ApiError): void;
}

/** Follow `path` until the returned function is called. Refusals (401, 403, 404) end it; `onDown` tells. */
export function follow(path: string, follower: Follower): () => void {
  const leaving = new AbortController();
  void run(path, follower, leaving.signal);
  return () => leaving.abort();
}

async function run(path: string, follower: Follower, left: AbortSignal): Promise<void> {
  for (let failures = 0; !left.aborted; failures += 1) {
    const error = await once(path, follower, left, () => (failures = 0));
    if (left.aborted) return;
    follower.onDown(error);
    if (FINAL.includes(error.status)) return;
    await untilAnswered(backOff(failures, Math.random()) * 1000, left);
  }
}

/** So long, or until control answers again after a silence. */
async function untilAnswered(milliseconds: number, left: AbortSignal): Promise<void> {
  const over = new AbortController();
  const unwatch = answers.watch((isAnswered) => isAnswered && over.abort());
  await pause(milliseconds, AbortSignal.any([left, over.signal]));
  unwatch();
}

async function once(path: string, follower: Follower, left: AbortSignal, up: () => void): Promise<ApiError> {
  const silent = new AbortController();
  let alarm = setTimeout(() => silent.abort(), SILENCE);
  try {
    const signal = AbortSignal.any([left, silent.signal]);
    const answer = await open(path, { signal, headers: { accept: "text/event-stream" } });
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    const parser = new EventParser();
    follower.onUp();
    for (let part = await reader?.read(); part !== undefined && !part.done; part = await reader?.read()) {
      up();
      heard();
      clearTimeout(alarm);
      alarm = setTimeout(() => silent.abort(), SILENCE);
      for (const event of parser.push(part.value)) follower.onEvent(event);
    }
    return new ApiError(0, "ended", "Control has ended the stream");
  } catch (error) {
    return error instanceof ApiError ? error : new ApiError(0, "broken", "The connection to control broke");
  } finally {
    clearTimeout(alarm);
  }
}

export const pause = (milliseconds: number, left: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    left.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
