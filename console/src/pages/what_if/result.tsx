/** What came of it: the bill, the waits, and both curves. */
import type { Comparison } from "../../api/types";
import { Chart } from "../../charts/chart";
import { NUMBER, TIME, WHOLE } from "../../charts/units";
import { Warnings } from "../../components/notes";
import { type Column, Table } from "../../components/table";
import { clock, plural, seconds } from "../../format";
import { type Compared, bill, differ, lines, rates, waits } from "./comparing";

interface ResultProps {
  comparison: Comparison;
  slo: number | null;
  onSelect(since: number, until: number): void;
}

export function Result({ comparison, slo, onSelect }: ResultProps) {
  const { since, until, requests, notes, warnings } = comparison;
  const isChanged = differ(comparison);
  const drawn = { at: comparison.before.curves.at, range: until - since, end: "at the end", cursor: "what-if" };
  return (
    <div class="stack">
      <p class="soft">
        {plural(requests, "recorded request")} from {clock(since)} to {clock(until)}, {seconds(until - since)}
      </p>
      <Warnings lines={warnings} />
      <Bill rows={bill(comparison, slo)} isChanged={isChanged} />
      <div class="charts">
        <Chart {...drawn} label="Replicas" lines={lines(comparison, "present", isChanged)} unit={WHOLE} />
        <Chart {...drawn} label="Queued" lines={lines(comparison, "queued", isChanged)} unit={NUMBER} />
        <Chart {...drawn} label="Slot wait, p95" lines={lines(comparison, "p95_wait", isChanged)} unit={TIME} />
        <Chart {...drawn} label="Latency, p95" lines={lines(comparison, "p95_latency", isChanged)} unit={TIME} />
        <Chart {...drawn} label="Requests per second; drag to take a part" lines={rates(comparison)} unit={NUMBER} onSelect={onSelect} />
        <Waits rows={waits(comparison)} isChanged={isChanged} />
      </div>
      <ul class="notes" aria-label="What was assumed">
        {notes.map((one) => (
          <li key={one}>{one}</li>
        ))}
      </ul>
    </div>
  );
}

function Bill({ rows, isChanged }: { rows: Compared[]; isChanged: boolean }) {
  return (
    <dl class="bill" aria-label="The bill">
      {rows.map((one, place) => (
        <div key={one.label} class={place === 0 ? "panel is-first" : "panel"}>
          <dt>{one.label}</dt>
          <dd>
            {isChanged ? (
              <>
                <span class="soft">{one.before} → </span>
                <b>{one.after}</b> <span class={one.tone}>{one.difference}</span>
              </>
            ) : (
              <b>{one.before}</b>
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Waits({ rows, isChanged }: { rows: Compared[]; isChanged: boolean }) {
  const columns: Column<Compared>[] = [
    { key: "label", label: "Time", cell: (one) => one.label },
    { key: "recorded", label: "recorded", isNumber: true, cell: (one) => one.recorded },
    { key: "before", label: "present", isNumber: true, cell: (one) => one.before },
  ];
  if (isChanged) {
    columns.push({ key: "after", label: "changed", isNumber: true, cell: (one) => one.after });
    columns.push({ key: "difference", label: "difference", isNumber: true, cell: (one) => <span class={one.tone}>{one.difference}</span> });
  }
  return (
    <figure class="panel" aria-label="Times">
      <h2>Times: recorded and simulated</h2>
      <Table label="Waits and latency" rows={rows} columns={columns} rowKey={(one) => one.label} isStacking />
    </figure>
  );
}
