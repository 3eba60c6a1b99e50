/** What is deployed, with what can be done about each. */
import { useState } from "preact/hooks";
import { call, deploymentPath } from "../../api/client";
import type { LiveDeployment, LiveState } from "../../api/types";
import { StatusBadge } from "../../components/status";
import { type Column, Table } from "../../components/table";
import { DeploymentName } from "../../components/deployment_name";
import { tell, tellError } from "../../components/toasts";
import { Confirm } from "../confirm";

export function Deployed({ live }: { live: LiveState }) {
  const columns: Column<LiveDeployment>[] = [
    { key: "name", label: "Deployment", by: (one) => `${one.model_name} ${one.created_at}`, cell: (one) => <DeploymentName deployment={one} /> },
    { key: "status", label: "State", by: (one) => one.status, cell: (one) => <StatusBadge status={one.status} saturation={one.saturation} /> },
    { key: "created", label: "Pushed", by: (one) => one.created_at, cell: (one) => new Date(one.created_at).toLocaleString("en-GB") },
    { key: "moves", label: "Change", cell: (one) => <Moves deployment={one} isNewer={isNewer(one, live.deployments)} /> },
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

/** Whether it came after what is in production: else to promote it is to roll back. */
function isNewer(one: LiveDeployment, all: readonly LiveDeployment[]): boolean {
  const present = all.find((other) => other.model_name === one.model_name && other.is_production);
  return present === undefined || one.created_at >= present.created_at;
}

function Moves({ deployment: one, isNewer }: { deployment: LiveDeployment; isNewer: boolean }) {
  const [isBusy, setBusy] = useState(false);
  const path = deploymentPath(one.model_name, one.id);
  const run = (method: "POST" | "DELETE", rest: string, done: string): void => {
    setBusy(true);
    call(`${path}${rest}`, { method })
      .then(() => tell(`${one.model_name} / ${one.id}: ${done}`), tellError)
      .finally(() => setBusy(false));
  };
  if (one.status === "DELETING") return <span class="soft">goes when its last request has ended</span>;
  const isOff = ["INACTIVE", "FAILED", "BUILD_FAILED"].includes(one.status);
  return (
    <span class="row">
      {!one.is_production && (
        <button type="button" disabled={isBusy} onClick={() => run("POST", "/promote", "takes production's place once it is ready")}>
          {isNewer ? "Promote" : "Roll back to it"}
        </button>
      )}
      {isOff && (
        <button type="button" disabled={isBusy} onClick={() => run("POST", "/activate", "serves again")}>
          Activate
        </button>
      )}
      {one.status !== "INACTIVE" && (
        <Confirm label="Deactivate" sure="Really deactivate" isBusy={isBusy} onConfirm={() => run("POST", "/deactivate", "refuses requests")} />
      )}
      {one.environments.length === 0 && (
        <Confirm label="Delete" sure="Really delete" isBusy={isBusy} onConfirm={() => run("DELETE", "", "is being deleted")} />
      )}
    </span>
  );
}
