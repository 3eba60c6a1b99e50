/** How the deployment has fared. */
import { useState } from "preact/hooks";
import { useLoaded } from "../../api/loaded";
import type { Decision, History } from "../../api/types";
import { Chart, type Line, type Mark } from "../../charts/chart";
import { Field } from "../../components/field";
import { Loading, Problem } from "../../components/notes";
import { sum } from "../../charts/summary";
import { digits, seconds } from "../../format";

const RANGES: [number, string][] = [
  [300, "5 minutes"],
  [900, "15 minutes"],
  [3600, "1 hour"],
  [21_600, "6 hours"],
  [86_400, "24 hours"],
];

const TONES: Record<string, string> = { "2xx": "good", "3xx": "send", "4xx": "warn", "5xx": "bad", none: "queue" };

export function Charts({ path }: { path: string }) {
  const [range, setRange] = useState(900);
  const [stage, setStage] = useState("total");
  const history = useLoaded<History>(`${path}/history?seconds=${range}`, Math.max(2, range / 300));
  const decisions = useLoaded<{ decisions: Decision[] }>(`${path}/decisions?limit=200`, 10);
  return (
    <section aria-label="Charts">
      <div class="row">
        <fieldset class="choices">
          <legend class="hidden">Range</legend>
          {RANGES.map(([value, label]) => (
            <button key={value} type="button" aria-pressed={range === value} onClick={() => setRange(value)}>
              {label}
            </button>
          ))}
        </fieldset>
        <Field
          label="Latency of"
          control={(ids) => (
            <select {...ids} value={stage} onChange={(event) => setStage(event.currentTarget.value)}>
              {Object.keys(history.value?.stages ?? { total: null }).map((one) => (
                <option key={one} value={one}>
                  {one.replace("_", " ")}
                </option>
              ))}
            </select>
          )}
        />
      </div>
      {history.error !== null && <Problem error={history.error} />}
      {history.value === null ? <Loading /> : <All history={history.value} stage={stage} range={range} marks={marksOf(decisions.value?.decisions ?? [])} />}
    </section>
  );
}

const marksOf = (decisions: Decision[]): Mark[] =>
  decisions.map((one) => ({ at: Date.parse(one.at) / 1000, text: `${one.desired}: ${one.reason}` }));

function All({ history, stage, range, marks }: { history: History; stage: string; range: number; marks: Mark[] }) {
  const { at } = history;
  const quantiles = history.stages[stage] ?? {};
  const unknown = at.map(() => null);
  const load: Line[] = [
    { label: "in flight", colour: "accent", values: history.in_flight },
    { label: "in flight + queued", colour: "warn", values: sum(history.in_flight, history.queued) },
    { label: "capacity", colour: "soft", values: history.capacity, isDashed: true, isStepped: true },
  ];
  const replicas: Line[] = [
    { label: "desired", colour: "soft", values: history.desired, isDashed: true, isStepped: true },
    { label: "ready", colour: "good", values: history.ready, isStepped: true },
  ];
  const latency: Line[] = [
    { label: "p50", colour: "good", values: quantiles.p50 ?? unknown },
    { label: "p95", colour: "warn", values: quantiles.p95 ?? unknown },
    { label: "p99", colour: "bad", values: quantiles.p99 ?? unknown },
  ];
  const statuses = Object.entries(history.statuses).map(([label, values]) => ({ label, colour: TONES[label] ?? "accent", values }));
  return (
    <div class="charts">
      <Chart range={range} label="Load and capacity" at={at} lines={load} format={digits} />
      <Chart range={range} label="Replicas; triangles mark decisions" at={at} lines={replicas} format={digits} marks={marks} />
      <Chart range={range} label={`Latency, ${stage.replace("_", " ")}`} at={at} lines={latency} format={seconds} />
      <Chart range={range} label="Requests per second by status" at={at} lines={statuses} format={digits} />
    </div>
  );
}
