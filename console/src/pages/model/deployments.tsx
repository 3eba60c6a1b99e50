/** The model's deployments, and moving environments among them. */
import { useState } from "preact/hooks";
import { call, modelPath } from "../../api/client";
import type { LiveDeployment, LiveState } from "../../api/types";
import { StatusBadge } from "../../components/status";
import { type Column, Table } from "../../components/table";
import { tell, tellError } from "../../components/toasts";
import { count } from "../../format";
import { Instant } from "../../components/instant";
import { deploymentLink } from "../../router";
import { Moves, Promote } from "../moves";
import { type Move, isUsed, movesOf } from "./moves";

interface DeploymentsProps {
  live: LiveState;
  model: string;
  deployments: LiveDeployment[];
}

export function Deployments({ live, model, deployments }: DeploymentsProps) {
  const columns: Column<LiveDeployment>[] = [
    {
      key: "name",
      label: "Deployment",
      by: (one) => one.name || one.id,
      cell: (one) => (
        <span class="name">
          <a href={deploymentLink(model, one.id)}>{one.name || one.id}</a> <small>{one.environments.join(", ")}</small>
        </span>
      ),
    },
    { key: "status", label: "State", by: (one) => one.status, cell: (one) => <StatusBadge status={one.status} saturation={one.saturation} /> },
    {
      key: "created",
      label: "Pushed",
      by: (one) => one.created_at,
      cell: (one) => <Instant at={one.created_at} />,
    },
    { key: "held", label: "In flight", isNumber: true, by: (one) => one.in_flight, cell: (one) => count(one.in_flight) },
    {
      key: "change",
      label: "Change",
      cell: (one) => <Moves deployment={one} production={null} promote={<Promoting deployment={one} moves={movesOf(live, one)} />} isDeletable={!isUsed(live, one)} />,
    },
  ];
  return <Table label="Deployments of the model" rows={deployments} columns={columns} isStacking rowKey={(one) => one.id} initial={{ key: "created", isDescending: true }} />;
}

interface PromotingProps {
  deployment: LiveDeployment;
  /** Environments that it may be moved into, with what is there. */
  moves: Move[];
}

function Promoting({ deployment: one, moves }: PromotingProps) {
  const [isBusy, setBusy] = useState(false);
  const [chosen, setChosen] = useState("");
  const move = moves.find(({ environment }) => environment === chosen) ?? moves[0];
  if (move === undefined) return null;
  const { environment, present } = move;
  const run = (): void => {
    setBusy(true);
    call(modelPath(one.model_name, `/environments/${encodeURIComponent(environment)}/promote`), { method: "POST", body: { deployment_id: one.id } })
      .then(() => tell(`${one.name || one.id} takes the place of ${environment} once it is ready`), tellError)
      .finally(() => setBusy(false));
  };
  return (
    <>
      {moves.length > 1 && (
        <select aria-label={`Environment for ${one.name || one.id}`} value={environment} onChange={(event) => setChosen(event.currentTarget.value)}>
          {moves.map((other) => (
            <option key={other.environment} value={other.environment}>
              {other.environment}
            </option>
          ))}
        </select>
      )}
      <Promote key={environment} deployment={one} production={present} environment={environment} isBusy={isBusy} onRun={run} />
    </>
  );
}
