/** What the replicas and the preparation have printed, as it comes. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { open } from "../../api/client";
import { ApiError } from "../../api/errors";
import { backOff, pause } from "../../api/sse";
import { Field, TextField } from "../../components/field";
import { tellError } from "../../components/toasts";
import { count } from "../../format";
import { type LogLine, LogWindow, MOST, found } from "./log_lines";

const TAIL = 1000;
const DRAWN = 1500;
const EVERY = 250;

export function Logs({ path }: { path: string }) {
  const [lines, setLines] = useState<LogLine[]>([]);
  const [replica, setReplica] = useState("");
  const [words, setWords] = useState("");
  const [isFollowing, setFollowing] = useState(true);
  useEffect(() => followLogs(path, setLines), [path]);
  const shown = found(lines, replica, words);
  const names = [...new Set(lines.map((one) => one.replica))].sort();
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (isFollowing && box.current !== null) box.current.scrollTop = box.current.scrollHeight;
  }, [shown.length, shown.at(-1)?.number, isFollowing]);
  return (
    <section class="stack" aria-label="Logs">
      <div class="row">
        <Field
          label="Replica"
          control={(ids) => (
            <select {...ids} value={replica} onChange={(event) => setReplica(event.currentTarget.value)}>
              <option value="">all</option>
              {names.map((one) => (
                <option key={one} value={one}>
                  {one}
                </option>
              ))}
            </select>
          )}
        />
        <TextField label="Search" value={words} onValue={setWords} />
        <label>
          <input type="checkbox" checked={isFollowing} onChange={(event) => setFollowing(event.currentTarget.checked)} /> keep at the end
        </label>
        <span class="soft">
          {count(shown.length)} of {count(lines.length)} lines{lines.length === MOST && ", older ones are not kept here"}
        </span>
      </div>
      <div class="logs" ref={box} tabIndex={0} role="log" aria-live="off" aria-label="Log lines">
        {shown.slice(-DRAWN).map((one) => (
          <div key={one.number}>
            <b>{one.replica}</b> {one.line}
          </div>
        ))}
      </div>
    </section>
  );
}

/** Lines are shown a few times a second, however fast they come; a new connection begins them anew. */
function followLogs(path: string, show: (lines: LogLine[]) => void): () => void {
  const leaving = new AbortController();
  let window = new LogWindow();
  let told: LogLine[] | null = null;
  const timer = setInterval(() => {
    if (window.lines !== told) show((told = window.lines));
  }, EVERY);
  const read = async (): Promise<void> => {
    const answer = await open(`${path}/logs?follow=true&tail=${TAIL}`, { signal: leaving.signal });
    window = new LogWindow();
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) window.push(part.value);
  };
  const run = async (): Promise<void> => {
    for (let failures = 0; !leaving.signal.aborted; failures += 1) {
      const error: unknown = await read().catch((reason: unknown) => reason);
      if (leaving.signal.aborted) return;
      if (error instanceof ApiError && !error.isUnreachable) return tellError(error);
      await pause(backOff(failures, Math.random()) * 1000, leaving.signal);
    }
  };
  void run();
  return () => {
    leaving.abort();
    clearInterval(timer);
  };
}
