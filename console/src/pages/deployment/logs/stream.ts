/** Follows the API's log lines, and begins anew where the connection breaks. */
import { open } from "../../../api/client";
import { ApiError } from "../../../api/errors";
import { backOff, pause } from "../../../api/sse";
import { type LogLine, LogWindow } from "./entries";

/** Shown a few times a second, however fast they come. */
const EVERY = 250;
/** Longer without a byte than this, and the connection is held for dead. */
const SILENCE = 40_000;

export interface Told {
  lines: LogLine[];
  /** Whether there is nothing more of the past to come. */
  hasPast: boolean;
  error: ApiError | null;
}

export const NOTHING: Told = { lines: [], hasPast: false, error: null };

/** Reads `call` until the returned function is called, and again and again if it is followed. */
export function read(call: string, isFollowed: boolean, show: (told: Told) => void): () => void {
  const leaving = new AbortController();
  let window = new LogWindow();
  let error: ApiError | null = null;
  let told = NOTHING;
  const tell = (): void => {
    const next = { lines: window.lines, hasPast: window.hasPast, error };
    if (next.lines !== told.lines || next.hasPast !== told.hasPast || next.error !== told.error) show((told = next));
  };
  const timer = setInterval(tell, EVERY);
  const run = async (): Promise<void> => {
    for (let failures = 0; !leaving.signal.aborted; failures += 1) {
      const fresh = new LogWindow(window.last);
      const begin = (): void => {
        [window, error, failures] = [fresh, null, 0];
      };
      const met = await once(call, fresh, leaving.signal, begin);
      if (leaving.signal.aborted) return;
      if (met === null && !isFollowed) {
        fresh.hasPast = true;
        return tell();
      }
      error = met;
      tell();
      if (met !== null && !met.isUnreachable) return;
      await pause(backOff(failures, Math.random()) * 1000, leaving.signal);
    }
  };
  void run();
  return () => {
    leaving.abort();
    clearInterval(timer);
  };
}

async function once(call: string, window: LogWindow, left: AbortSignal, begin: () => void): Promise<ApiError | null> {
  const silent = new AbortController();
  let alarm = setTimeout(() => silent.abort(), SILENCE);
  try {
    const answer = await open(call, { signal: AbortSignal.any([left, silent.signal]) });
    begin();
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
      clearTimeout(alarm);
      alarm = setTimeout(() => silent.abort(), SILENCE);
      window.push(part.value);
    }
    return null;
  } catch (error) {
    return error instanceof ApiError ? error : new ApiError(0, "broken", "The connection to control broke");
  } finally {
    clearTimeout(alarm);
  }
}
