/** What replicas and the preparation have written, as it comes: read, looked through, and sent on by its address. */
import { useEffect, useMemo, useState } from "preact/hooks";
import { useStore } from "../../../api/store";
import { signedIn } from "../../../api/session";
import type { Status } from "../../../api/types";
import { Empty, Problem } from "../../../components/notes";
import { count } from "../../../format";
import { type Parameters, addressOf } from "../../../router";
import { Download } from "./download";
import { type LogLine, MOST } from "./entries";
import { FilterForm } from "./filter_form";
import { type Filters, addressed, callOf, filtersOf, isFiltered, tailOf } from "./filters";
import { Finding } from "./finding";
import { Lines, type Shown } from "./lines";
import { fault, marksIn, words } from "./marks";
import { Older } from "./older";
import { NOTHING, type Told, read } from "./stream";
import { Why } from "./why";
import "./logs.css";

interface LogsProps {
  path: string;
  query: URLSearchParams;
  status: Status;
  reason: string;
  /** Those that there are now, by their ids. */
  replicas: string[];
  linkTo(asked: Parameters): string;
}

export function Logs({ path, query, status, reason, replicas, linkTo }: LogsProps) {
  const filters = useMemo(() => filtersOf(query), [query]);
  // What is typed counts later: by then the address may have changed.
  const change = (next: Partial<Filters>): void =>
    location.replace(linkTo(addressed({ ...filtersOf(addressOf(location.hash).query), ...next })));
  const call = callOf(path, filters, { follow: filters.follow });
  const told = useTold(call, filters.follow);
  const names = useNames(told.lines, [...replicas, filters.replica]);
  const { shown, problem, isLooking } = useShown(told.lines, filters);
  const isWaiting = !told.hasPast && told.error === null;
  return (
    <section class="stack" aria-label="Logs">
      <Why path={path} status={status} reason={reason} linkTo={linkTo} />
      <FilterForm filters={filters} names={names} problem={problem} onChange={change} />
      <div class="row">
        <span class="soft" role="status">
          {isWaiting || isLooking ? "Looking…" : tally(shown.length, told.lines.length, filters)}
        </span>
        <span class="grow" />
        <Download path={path} filters={filters} shown={shown} />
      </div>
      {told.error !== null && <Problem error={told.error} />}
      {shown.length === 0 ? (
        !isWaiting && !isLooking && told.error === null && <Nothing filters={filters} onAll={() => location.replace(linkTo({ tab: "logs" }))} />
      ) : (
        <Lines
          key={call}
          shown={shown}
          filters={filters}
          linkTo={linkTo}
          before={<Older lines={told.lines.length} filters={filters} onChange={change} />}
        />
      )}
    </section>
  );
}

function Nothing({ filters, onAll }: { filters: Filters; onAll(): void }) {
  if (!isFiltered(filters)) return <Empty title="Nothing has been written yet" />;
  return (
    <Empty title="No line matches">
      <button type="button" onClick={onAll}>
        Show all lines
      </button>
    </Empty>
  );
}

function useTold(call: string, isFollowed: boolean): Told {
  const [told, setTold] = useState<{ call: string; told: Told }>({ call, told: NOTHING });
  const session = useStore(signedIn);
  useEffect(() => read(call, isFollowed, (next) => setTold({ call, told: next })), [call, isFollowed, session]);
  return told.call === call ? told.told : NOTHING;
}

/** Every replica that was seen, and those that are known otherwise. */
function useNames(lines: LogLine[], known: string[]): string[] {
  const [seen] = useState(() => new Set<string>(["build"]));
  for (const one of [...known, ...lines.map((line) => line.replica)]) if (one !== "") seen.add(one);
  return [...seen].sort((one, other) => one.localeCompare(other, "en", { numeric: true }));
}

/** The lines with what is marked in them; of a regular expression those that it is in. */
function useShown(lines: LogLine[], { text, isRegex }: Filters): { shown: Shown[]; problem: string; isLooking: boolean } {
  const wrong = isRegex && text !== "" ? fault(text) : null;
  const finding = useFinding(isRegex && wrong === null ? text : "", lines);
  const found = finding?.found.size;
  const seen = finding?.seen ?? 0;
  const shown = useMemo(() => {
    if (finding !== null) return lines.flatMap((line) => present(line, finding.found.get(line.number)));
    const find = words(isRegex ? "" : text);
    return lines.map((line) => ({ line, marks: marksIn(line, find) }));
  }, [lines, finding, found, seen, text, isRegex]);
  const isLooking = finding !== null && finding.problem === null && seen < (lines.at(-1)?.number ?? 0);
  return { shown, problem: wrong ?? finding?.problem ?? "", isLooking };
}

const present = (line: LogLine, marks: Shown["marks"] | undefined): Shown[] => (marks ? [{ line, marks }] : []);

function useFinding(pattern: string, lines: LogLine[]): Finding | null {
  const [, setRound] = useState(0);
  const [finding, setFinding] = useState<Finding | null>(null);
  useEffect(() => {
    const made = pattern === "" ? null : new Finding(pattern, () => setRound((before) => before + 1));
    setFinding(made);
    return () => made?.end();
  }, [pattern]);
  useEffect(() => finding?.look(lines), [finding, lines]);
  return pattern === "" ? null : finding;
}

function tally(shown: number, loaded: number, filters: Filters): string {
  const many = shown === loaded ? count(shown) : `${count(shown)} of the newest ${count(loaded)}`;
  const older = loaded >= MOST ? "; older ones by a window of time" : loaded >= tailOf(filters) ? ", the newest" : "";
  return `${many} line${shown === 1 && shown === loaded ? "" : "s"}${older}. Times are UTC`;
}
