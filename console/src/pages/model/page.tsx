/** One model: where its environments point, what is on its way, its traffic, who changed what, and its end. */
import { modelPath } from "../../api/client";
import { useLive } from "../../api/live";
import type { LiveDeployment, LiveState } from "../../api/types";
import { Empty, Loading, Problem } from "../../components/notes";
import { StatusBadge } from "../../components/status";
import { count, plural } from "../../format";
import { deploymentLink } from "../../router";
import type { PageProps } from "../../routes";
import { ChangeList } from "../history/change_list";
import { DeleteModel } from "./delete_model";
import { Deployments } from "./deployments";
import { Environments } from "./environments";
import { Rolling } from "./rolling";
import { TrafficChart } from "./traffic_chart";
import "./model.css";

export function ModelPage({ parameters, query }: PageProps) {
  const { model = "" } = parameters;
  const { value: live, error } = useLive<LiveState>("/v1/events");
  if (live === null) return error === null ? <Loading /> : <Problem error={error} />;
  if (!live.models.some((one) => one.name === model))
    return (
      <Empty title={`There is no model ${model}`}>
        <a href="#/">All models</a>
      </Empty>
    );
  const its = live.deployments.filter((one) => one.model_name === model);
  const known = new Map(its.map((one) => [one.id, one]));
  const nameOf = (id: string): string => known.get(id)?.name || id;
  return (
    <div class="model">
      <div class="stack">
        <Facts live={live} model={model} deployments={its} />
        <Rolling live={live} model={model} />
        <Environments live={live} model={model} nameOf={nameOf} />
        <Deployments live={live} model={model} deployments={its} />
        <TrafficChart live={live} model={model} query={query} nameOf={nameOf} />
      </div>
      <div class="stack">
        <section class="panel" aria-label="Changes of the model">
          <h2>Changes</h2>
          <ChangeList path={modelPath(model)} nameOf={nameOf} linkTo={(id) => (known.has(id) ? deploymentLink(model, id) : null)} />
        </section>
        <DeleteModel model={model} />
      </div>
    </div>
  );
}

function Facts({ live, model, deployments }: { live: LiveState; model: string; deployments: LiveDeployment[] }) {
  const found = live.models.find((one) => one.name === model);
  const production = deployments.find((one) => one.is_production);
  const sum = (of: (one: LiveDeployment) => number): number => deployments.reduce((all, one) => all + of(one), 0);
  return (
    <div class="facts">
      {production === undefined ? <span class="soft">nothing in production</span> : <StatusBadge status={production.status} saturation={production.saturation} />}
      <span>
        <b>{plural(deployments.length, "deployment")}</b>
      </span>
      <span>
        <b>{plural(sum((one) => one.ready_replicas), "ready replica")}</b>
      </span>
      <span>
        <b>{count(sum((one) => one.in_flight))}</b> in flight
      </span>
      <span>
        <b>{count(sum((one) => one.queued))}</b> queued
      </span>
      {found?.reason && <small class="bad">{found.reason}</small>}
    </div>
  );
}
