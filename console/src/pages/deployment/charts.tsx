/** How the deployment has fared. What is shown, and of which time, is in the address. */
import { useMemo } from "preact/hooks";
import { useLoaded } from "../../api/loaded";
import { TOTAL } from "../../api/stages";
import type { Decision, History } from "../../api/types";
import { Chart, type Mark } from "../../charts/chart";
import { NUMBER, SIZE, TIME, WHOLE } from "../../charts/units";
import { Field } from "../../components/field";
import { Loading, Problem } from "../../components/notes";
import { plural } from "../../format";
import { changedHash, replaceQuery } from "../../router";
import { EACH, errorLines, loadLines, quantileLines, replicaLines, stagesShown, statusLines, timeWords } from "./chart_lines";
import { when } from "./request_table";
import { type Span, betweenOf, lastOf, spanOf } from "./span";
import { SpanField } from "./span_field";

const RANGES: [number, string][] = [
  [300, "5 minutes"],
  [900, "15 minutes"],
  [3600, "hour"],
  [21_600, "6 hours"],
  [86_400, "24 hours"],
];
const USUAL = 900;
const SHORTEST = 15;

export function Charts({ path, query: given }: { path: string; query: string }) {
  const address = useMemo(() => new URLSearchParams(given), [given]);
  const span = shownOf(spanOf(address));
  const stage = address.get("stage") ?? TOTAL;
  const every = span.until === null ? Math.max(2, span.length / 300) : 0;
  const history = useLoaded<History>(`${path}/history?${askedOf(span)}`, every);
  const decisions = useLoaded<{ decisions: Decision[] }>(`${path}/decisions?limit=200`, 10);
  return (
    <section aria-label="Charts">
      <div class="row">
        <SpanField span={span} choices={RANGES} />
        <Field
          label="Latency"
          control={(ids) => (
            <select {...ids} value={stage} onChange={(event) => replaceQuery({ stage: event.currentTarget.value })}>
              {choices(history.value, stage).map((one) => (
                <option key={one} value={one}>
                  {timeWords(one)}
                </option>
              ))}
              <option value={EACH}>each stage</option>
            </select>
          )}
        />
        {span.seconds === null && <a href={changedHash(location.hash, lastOf(null))}>Zoom out</a>}
        <a href={changedHash(location.hash, { tab: "requests", stage: "", last: span.seconds === null ? "" : String(span.seconds) })}>Requests of this time</a>
      </div>
      {history.error !== null && <Problem error={history.error} />}
      {history.value === null ? (
        history.error === null && <Loading />
      ) : (
        <>
          <p class="soft">
            {told(span)}in steps of {plural(history.value.step, "second")}; drag over a chart to zoom
          </p>
          <All history={history.value} stage={stage} span={span} marks={marksOf(decisions.value?.decisions ?? [])} />
        </>
      )}
    </section>
  );
}

const choices = (history: History | null, chosen: string): string[] =>
  [...new Set([TOTAL, ...Object.keys(history?.stages ?? {}), chosen])].filter((one) => one !== EACH);

interface Shown extends Span {
  /** In seconds. */
  length: number;
}

/** One end of a time that has none is a usual range away, or now. */
function shownOf({ seconds, since, until }: Span): Shown {
  if (since === null && until === null) return { seconds: seconds ?? USUAL, since, until, length: Math.min(86_400, Math.max(60, seconds ?? USUAL)) };
  if (since === null) return { seconds, since: (until ?? 0) - USUAL, until, length: USUAL };
  return { seconds, since, until, length: Math.max(1, (until ?? Date.now() / 1000) - since) };
}

function askedOf({ since, until, length }: Shown): string {
  const asked: [string, number | null][] = since === null ? [["seconds", length]] : [["since", since], ["until", until]];
  return new URLSearchParams(asked.flatMap(([name, value]) => (value === null ? [] : [[name, String(value)]]))).toString();
}

const told = ({ since, until }: Shown): string => (since === null ? "" : `${when(since)} to ${until === null ? "now" : when(until)}, `);

/** The browser goes back from a zoom. */
function zoom(since: number, until: number): void {
  const rest = Math.max(0, SHORTEST - (until - since)) / 2;
  location.hash = changedHash(location.hash, betweenOf(Math.floor(since - rest), Math.ceil(until + rest)));
}

const marksOf = (decisions: Decision[]): Mark[] => decisions.map((one) => ({ at: Date.parse(one.at) / 1000, text: `${one.desired}: ${one.reason}` }));

function All({ history, stage, span, marks }: { history: History; stage: string; span: Shown; marks: Mark[] }) {
  const { at } = history;
  const shown = { at, range: span.length, until: span.until ?? undefined, cursor: "deployment", onSelect: zoom };
  const none = "No request ended in this time";
  return (
    <div class="charts">
      <Chart {...shown} label="Load and capacity" lines={loadLines(history)} unit={NUMBER} />
      <Chart {...shown} label="Replicas; triangles mark decisions" lines={replicaLines(history)} unit={WHOLE} marks={marks} />
      {stagesShown(history, stage).map((one) => (
        <Chart key={one} {...shown} label={`Time ${timeWords(one)}`} lines={quantileLines(history, history.stages[one])} unit={TIME} nothing={none} />
      ))}
      <Chart {...shown} label="Requests per second by status" lines={statusLines(history)} unit={NUMBER} />
      <Chart {...shown} label="Errors per second by kind" lines={errorLines(history)} unit={NUMBER} nothing="No request ended badly in this time" />
      <Chart {...shown} label="Size of requests" lines={quantileLines(history, history.sizes.request_bytes)} unit={SIZE} nothing={none} />
      <Chart {...shown} label="Size of answers" lines={quantileLines(history, history.sizes.response_bytes)} unit={SIZE} nothing={none} />
    </div>
  );
}
