/** Why a deployment does not serve, before its lines: the reason, and what its log says of it. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { open } from "../../../api/client";
import type { Status } from "../../../api/types";
import { StatusBadge } from "../../../components/status";
import type { Parameters } from "../../../router";
import { type LogEntry, entriesOf } from "./entries";
import { around } from "./filters";
import { Line } from "./line";

/** Where it looks, and how many lines it shows. */
const LOOKED_AT: Partial<Record<Status, { query: Parameters; most: number }>> = {
  FAILED: { query: { level: "error" }, most: 1 },
  UNHEALTHY: { query: { level: "error" }, most: 1 },
  DEPLOYING: { query: { level: "error" }, most: 1 },
  WAKING_UP: { query: { level: "error" }, most: 1 },
  BUILD_FAILED: { query: { replica: "build" }, most: 12 },
};
const TAIL = 20;
const MAY_YET_COME: Status[] = ["DEPLOYING", "WAKING_UP"];

interface WhyProps {
  path: string;
  status: Status;
  reason: string;
  linkTo(asked: Parameters): string;
}

export function Why({ path, status, reason, linkTo }: WhyProps) {
  const looked = LOOKED_AT[status];
  const isShown = looked !== undefined && (reason !== "" || !MAY_YET_COME.includes(status));
  const entries = useEntries(isShown ? `${path}/logs?${new URLSearchParams({ ...looked.query, tail: String(TAIL) }).toString()}` : null, reason);
  const box = useRef<HTMLDivElement>(null);
  // What a traceback is about stands at its end.
  useLayoutEffect(() => {
    if (box.current !== null) box.current.scrollTop = box.current.scrollHeight;
  }, [entries]);
  if (!isShown) return null;
  const told = entries.filter((one) => one.traceback !== null).slice(-1);
  const lines = looked.most > 1 || told.length === 0 ? entries.slice(-looked.most) : told;
  const at = lines.at(-1)?.at ?? null;
  return (
    <section class="panel log-why" role="alert" aria-label="Why it does not serve">
      <p>
        <StatusBadge status={status} saturation={null} /> <strong>{reason}</strong>
      </p>
      <div class="logs" ref={box} tabIndex={0} role="group" aria-label="What its log says of it">
        {lines.map((one, place) => (
          <Line key={place} line={one} marks={null} filters={UNFOLDED} opened={new Set()} linkTo={linkTo} />
        ))}
      </div>
      <p class="row">
        <a href={linkTo({ tab: "logs", ...looked.query })}>{looked.most > 1 ? "Only the build's lines" : "Only errors"}</a>
        {at !== null && <a href={linkTo(around(at))}>What came around it</a>}
        <a href={linkTo({ tab: "logs" })}>All lines</a>
      </p>
    </section>
  );
}

const UNFOLDED = { unfold: true, mark: "" };

/** Asked again with each new reason. */
function useEntries(call: string | null, reason: string): LogEntry[] {
  const [entries, setEntries] = useState<LogEntry[]>([]);
  useEffect(() => {
    setEntries([]);
    if (call === null) return;
    const leaving = new AbortController();
    void open(call, { signal: leaving.signal })
      .then((answer) => answer.text())
      .then((text) => setEntries(entriesOf(text)))
      .catch(() => undefined); // the lines below say what is wrong with the logs
    return () => leaving.abort();
  }, [call, reason]);
  return entries;
}
