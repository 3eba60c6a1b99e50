/** Every deployment of every model at a glance. */
import { useLive } from "../api/live";
import type { LiveDeployment, LiveState } from "../api/types";
import { Empty, Loading, Problem } from "../components/notes";
import { Sparkline } from "../components/sparkline";
import { StatusBadge } from "../components/status";
import { DeploymentName } from "../components/deployment_name";
import { type Column, Table } from "../components/table";
import { count, digits, plural, seconds, sentence } from "../format";
import { replaceQuery } from "../router";
import type { PageProps } from "../routes";
import { FAILING, type Filter, filterOf, isFailing, shownBy, statesOf } from "./models_filter";

export function ModelsPage({ query }: PageProps) {
  const { value, error } = useLive<LiveState>("/v1/events");
  if (value === null) return error === null ? <Loading /> : <Problem error={error} />;
  if (value.models.length === 0)
    return (
      <Empty title="No model is deployed yet">
        <p>
          <a href="#/deploy">Deploy one here</a>, or with <code>headway push DIR</code>.
        </p>
      </Empty>
    );
  const filter = filterOf(query);
  const shown = shownBy(filter, value.deployments);
  const bare = value.models.filter((one) => one.deployments_count === 0).map((one) => one.name);
  return (
    <>
      <Totals deployments={value.deployments} />
      <Search filter={filter} deployments={value.deployments} found={shown.length} />
      <Table
        label="Deployments"
        rows={shown}
        columns={COLUMNS}
        isStacking
        rowKey={(one) => `${one.model_name}/${one.id}`}
        initial={{ key: "model", isDescending: false }}
        rowClass={(one) => (isFailing(one) ? "is-broken" : one.status === "SCALED_TO_ZERO" ? "is-idle" : "")}
      />
      {bare.length > 0 && <p class="soft">Without a deployment: {bare.join(", ")}</p>}
    </>
  );
}

/** What is searched for stands in the address. */
function Search({ filter: { text, state }, deployments, found }: { filter: Filter; deployments: LiveDeployment[]; found: number }) {
  const isFiltered = text !== "" || state !== "";
  return (
    <search class="row find">
      <input
        type="search"
        aria-label="Search by name"
        placeholder="Search by name"
        title="Press / to come here"
        value={text}
        spellcheck={false}
        onInput={(event) => replaceQuery({ q: event.currentTarget.value })}
      />
      <select aria-label="State" value={state} onChange={(event) => replaceQuery({ state: event.currentTarget.value })}>
        <option value="">any state</option>
        {statesOf(deployments, state).map((one) => (
          <option key={one} value={one}>
            {one === FAILING ? "failing in any way" : one.replaceAll("_", " ")}
          </option>
        ))}
      </select>
      <span role="status">{isFiltered && `${count(found)} of ${plural(deployments.length, "deployment")}`}</span>
      {isFiltered && (
        <button type="button" class="quiet" onClick={() => replaceQuery({ q: "", state: "" })}>
          Show all
        </button>
      )}
    </search>
  );
}

function Totals({ deployments }: { deployments: LiveDeployment[] }) {
  const sum = (of: (one: LiveDeployment) => number): number => deployments.reduce((all, one) => all + of(one), 0);
  const broken = deployments.filter(isFailing).length;
  return (
    <p class="soft totals">
      {plural(deployments.length, "deployment")}, {plural(sum((one) => one.ready_replicas), "ready replica")},{" "}
      {count(sum((one) => one.in_flight))} in flight, {count(sum((one) => one.queued))} queued
      {broken > 0 && (
        <>
          , <a href={`#/?state=${FAILING}`}><strong class="bad">{broken} failing</strong></a>
        </>
      )}
    </p>
  );
}

const COLUMNS: Column<LiveDeployment>[] = [
  {
    key: "model",
    label: "Model / deployment",
    by: (one) => `${one.model_name} ${one.is_production ? 0 : 1} ${one.created_at}`,
    cell: (one) => <DeploymentName deployment={one} />,
  },
  { key: "status", label: "State", by: (one) => one.status, cell: (one) => <State deployment={one} /> },
  {
    key: "replicas",
    label: "Ready / desired / max",
    isNumber: true,
    by: (one) => one.ready_replicas,
    cell: (one) => <Replicas deployment={one} />,
  },
  { key: "in_flight", label: "In flight", isNumber: true, by: (one) => one.in_flight, cell: (one) => count(one.in_flight) },
  { key: "queued", label: "Queued", isNumber: true, by: (one) => one.queued, cell: (one) => count(one.queued) },
  {
    key: "rate",
    label: "Requests/s",
    isNumber: true,
    by: (one) => one.requests_per_second,
    cell: (one) => digits(one.requests_per_second),
  },
  { key: "p95", label: "p95", isNumber: true, by: (one) => one.p95_seconds, cell: (one) => seconds(one.p95_seconds) },
  {
    key: "past",
    label: "Last 5 min",
    cell: (one) => (
      <Sparkline values={one.sparkline} label={`Requests per second: ${sparkWords(one.sparkline)}`} />
    ),
  },
];

const sparkWords = (values: readonly number[]): string =>
  values.length === 0 ? "not known" : `at most ${digits(Math.max(...values))}, now ${digits(values.at(-1) ?? 0)}`;

function State({ deployment: one }: { deployment: LiveDeployment }) {
  const lines = [one.saturation === null ? "" : sentence(one.saturation.text), one.reason].filter((line) => line !== "");
  return (
    <>
      <StatusBadge status={one.status} saturation={one.saturation} />
      {lines.map((line) => (
        <small key={line} class="line" title={line}>
          {line}
        </small>
      ))}
    </>
  );
}

function Replicas({ deployment: one }: { deployment: LiveDeployment }) {
  const { max_replica } = one.autoscaling_settings;
  const text = `${one.ready_replicas} ready of ${one.desired_replicas} desired, ${max_replica} at most`;
  return (
    <span title={text}>
      <span class={one.ready_replicas < one.desired_replicas ? "warn" : ""}>{one.ready_replicas}</span> /{" "}
      {one.desired_replicas} / {max_replica}
    </span>
  );
}
