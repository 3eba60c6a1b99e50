/** What is on its way to serving, step by step, whoever began it and wherever. */
import { useState } from "preact/hooks";
import { call, modelPath } from "../../api/client";
import { useLoaded } from "../../api/loaded";
import type { Change, LiveState } from "../../api/types";
import { Confirm } from "../../components/confirm";
import { StatusBadge } from "../../components/status";
import { tell, tellError } from "../../components/toasts";
import { ago } from "../../format";
import { deploymentLink } from "../../router";
import { Steps } from "../deploy/progress";
import { byWhom } from "../history/changes";
import { type UnderWay, begunBy, underWay } from "./rollouts";

export function Rolling({ live, model }: { live: LiveState; model: string }) {
  const moves = underWay(live, model, Date.now());
  const { value } = useLoaded<{ changes: Change[] }>(moves.length > 0 ? `${modelPath(model)}/changes?limit=200` : null, 5);
  if (moves.length === 0) return null;
  return (
    <section class="stack" aria-label="Under way">
      {moves.map((one) => (
        <Move key={`${one.deployment.id} ${one.environment ?? ""}`} move={one} model={model} begun={begunBy(value?.changes ?? [], one)} />
      ))}
    </section>
  );
}

function Move({ move: { deployment: one, environment, old, steps }, model, begun }: { move: UnderWay; model: string; begun: Change | null }) {
  const [isBusy, setBusy] = useState(false);
  const callOff = (): void => {
    if (old === null || environment === null) return;
    setBusy(true);
    const path = modelPath(model, `/environments/${encodeURIComponent(environment)}/promote`);
    call(path, { method: "POST", body: { deployment_id: old.id } })
      .then(() => tell(`${environment} stays with ${old.name || old.id}`), tellError)
      .finally(() => setBusy(false));
  };
  return (
    <article class="panel rolling" aria-label={`${one.name || one.id} is on its way`}>
      <header class="row">
        <h2>
          <a href={deploymentLink(model, one.id)}>{one.name || one.id}</a>
          {environment === null ? " starts" : ` → ${environment}`}
        </h2>
        <StatusBadge status={one.status} saturation={one.saturation} />
        {begun !== null && (
          <small>
            begun {byWhom(begun)}, {ago(Date.parse(begun.at), Date.now())}
          </small>
        )}
        <span class="grow" />
        {old !== null && (
          <Confirm label="Call it off" title={`Stay with ${old.name || old.id}?`} sure="Call it off" isBusy={isBusy} onConfirm={callOff}>
            <p>
              {environment} stays with <b>{old.name || old.id}</b>. The replicas of {one.name || one.id} finish what they hold and stop; it can be promoted
              again.
            </p>
          </Confirm>
        )}
      </header>
      <Steps steps={steps} />
    </article>
  );
}
