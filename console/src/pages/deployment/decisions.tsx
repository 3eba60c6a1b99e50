/** Why there were as many replicas as there were. */
import { useLoaded } from "../../api/loaded";
import type { Decision } from "../../api/types";
import { Instant } from "../../components/instant";
import { Empty, Loading, Problem } from "../../components/notes";
import { type Column, Table } from "../../components/table";
import { digits } from "../../format";

const COLUMNS: Column<Decision>[] = [
  { key: "at", label: "At", by: (one) => one.at, cell: (one) => <Instant at={one.at} /> },
  { key: "desired", label: "Desired", isNumber: true, by: (one) => one.desired, cell: (one) => one.desired },
  { key: "reason", label: "Reason", cell: (one) => one.reason },
  { key: "inputs", label: "Inputs", cell: (one) => <Inputs inputs={one.inputs} /> },
];

export function Decisions({ path }: { path: string }) {
  const { value, error } = useLoaded<{ decisions: Decision[] }>(`${path}/decisions?limit=500`, 5);
  if (value === null) return error === null ? <Loading /> : <Problem error={error} />;
  if (value.decisions.length === 0) return <Empty title="No decision yet" />;
  return (
    <Table
      label="Decisions"
      rows={value.decisions}
      columns={COLUMNS}
      rowKey={(one) => one.at}
      initial={{ key: "at", isDescending: true }}
    />
  );
}

function Inputs({ inputs }: { inputs: Record<string, unknown> }) {
  const told = Object.entries(inputs).map(([name, value]) => `${name} ${typeof value === "number" ? digits(value) : String(value)}`);
  return (
    <small class="line" title={told.join(", ")}>
      {told.join(", ")}
    </small>
  );
}
