/** What is deployed, with what can be done about each. */
import type { LiveDeployment, LiveState } from "../../api/types";
import { StatusBadge } from "../../components/status";
import { type Column, Table } from "../../components/table";
import { DeploymentName } from "../../components/deployment_name";
import { Instant } from "../../components/instant";
import { Moves } from "../moves";

export function Deployed({ live }: { live: LiveState }) {
  const columns: Column<LiveDeployment>[] = [
    { key: "name", label: "Deployment", by: (one) => `${one.model_name} ${one.created_at}`, cell: (one) => <DeploymentName deployment={one} /> },
    { key: "status", label: "State", by: (one) => one.status, cell: (one) => <StatusBadge status={one.status} saturation={one.saturation} /> },
    { key: "created", label: "Pushed", by: (one) => one.created_at, cell: (one) => <Instant at={one.created_at} /> },
    { key: "moves", label: "Change", cell: (one) => <Moves deployment={one} production={productionOf(one, live.deployments)} /> },
  ];
  return (
    <Table
      label="Deployed"
      rows={live.deployments}
      columns={columns}
      rowKey={(one) => `${one.model_name}/${one.id}`}
      initial={{ key: "name", isDescending: false }}
    />
  );
}

const productionOf = (one: LiveDeployment, all: readonly LiveDeployment[]): LiveDeployment | null =>
  all.find((other) => other.model_name === one.model_name && other.is_production) ?? null;
