/** Where the model's environments point. */
import { useState } from "preact/hooks";
import { call, modelPath } from "../../api/client";
import type { LiveDeployment, LiveEnvironment, LiveState } from "../../api/types";
import { Confirm } from "../../components/confirm";
import { StatusBadge } from "../../components/status";
import { type Column, Table } from "../../components/table";
import { tell, tellError } from "../../components/toasts";
import { count, digits, seconds } from "../../format";
import { deploymentLink } from "../../router";

interface EnvironmentsProps {
  live: LiveState;
  model: string;
  nameOf(id: string): string;
}

interface Row {
  environment: LiveEnvironment;
  deployment: LiveDeployment | null;
}

export function Environments({ live, model, nameOf }: EnvironmentsProps) {
  const rows = live.environments
    .filter((one) => one.model_name === model)
    .map((environment) => ({ environment, deployment: live.deployments.find((one) => one.id === environment.deployment_id) ?? null }));
  if (rows.length === 0) return null;
  const columns: Column<Row>[] = [
    { key: "name", label: "Environment", by: (one) => one.environment.name, cell: (one) => <strong>{one.environment.name}</strong> },
    {
      key: "serves",
      label: "Points at",
      cell: ({ deployment: one }) => (one === null ? <span class="soft">nothing</span> : <a href={deploymentLink(model, one.id)}>{nameOf(one.id)}</a>),
    },
    { key: "status", label: "State", cell: ({ deployment: one }) => one && <StatusBadge status={one.status} saturation={one.saturation} /> },
    { key: "replicas", label: "Ready / desired", isNumber: true, cell: ({ deployment: one }) => one && `${one.ready_replicas} / ${one.desired_replicas}` },
    { key: "in_flight", label: "In flight", isNumber: true, cell: ({ deployment: one }) => count(one?.in_flight) },
    { key: "queued", label: "Queued", isNumber: true, cell: ({ deployment: one }) => count(one?.queued) },
    { key: "rate", label: "Requests/s", isNumber: true, cell: ({ deployment: one }) => one && digits(one.requests_per_second) },
    { key: "p95", label: "p95", isNumber: true, cell: ({ deployment: one }) => seconds(one?.p95_seconds) },
  ];
  if (rows.some((one) => one.environment.name !== "production"))
    columns.push({ key: "change", label: "Change", cell: (one) => one.environment.name !== "production" && <DeleteEnvironment model={model} name={one.environment.name} /> });
  return <Table label="Environments" rows={rows} columns={columns} isStacking rowKey={(one) => one.environment.name} initial={{ key: "name", isDescending: false }} />;
}

function DeleteEnvironment({ model, name }: { model: string; name: string }) {
  const [isBusy, setBusy] = useState(false);
  const remove = (): void => {
    setBusy(true);
    call(modelPath(model, `/environments/${encodeURIComponent(name)}`), { method: "DELETE" })
      .then(() => tell(`${name} is deleted; its deployment is reached by its id`), tellError)
      .finally(() => setBusy(false));
  };
  return (
    <Confirm label="Delete" title={`Delete ${name} of ${model}?`} sure="Delete it" isBusy={isBusy} onConfirm={remove}>
      <p>Whoever asks for it gets a 404. Its deployment stays, and is reached by its id.</p>
    </Confirm>
  );
}
