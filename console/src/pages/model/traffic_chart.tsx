/** The traffic of all deployments of an environment in one chart, so that a handover shows. */
import { useEffect, useState } from "preact/hooks";
import { call, deploymentPath, modelPath } from "../../api/client";
import { useLoaded } from "../../api/loaded";
import { signedIn } from "../../api/session";
import { useStore } from "../../api/store";
import type { Change, History, LiveState } from "../../api/types";
import { Chart } from "../../charts/chart";
import { NUMBER } from "../../charts/units";
import { Empty, Loading } from "../../components/notes";
import { type Parameters, modelLink } from "../../router";
import { servedBy, trafficOf } from "./traffic";

const RANGES: [number, string][] = [
  [300, "5 minutes"],
  [3600, "1 hour"],
  [21_600, "6 hours"],
  [86_400, "24 hours"],
];

interface TrafficProps {
  live: LiveState;
  model: string;
  query: URLSearchParams;
  nameOf(id: string): string;
}

export function TrafficChart({ live, model, query, nameOf }: TrafficProps) {
  const environments = live.environments.filter((one) => one.model_name === model);
  const chosen = environments.find((one) => one.name === query.get("environment")) ?? environments.find((one) => one.name === "production") ?? environments[0];
  const range = RANGES.find(([value]) => String(value) === query.get("range"))?.[0] ?? 300;
  const changes = useLoaded<{ changes: Change[] }>(`${modelPath(model)}/changes?limit=1000`, 15);
  const present = new Set(live.deployments.filter((one) => one.model_name === model).map((one) => one.id));
  const ids = chosen === undefined ? [] : servedBy(chosen, changes.value?.changes ?? [], present);
  const histories = useHistories(model, ids, range);
  if (chosen === undefined) return null;
  const link = (asked: Parameters): string => modelLink(model, { environment: chosen.name, range: String(range), ...asked });
  const { at, lines } = trafficOf((histories ?? []).map(([id, history]) => [nameOf(id), history]));
  return (
    <section aria-label="Traffic">
      <div class="row">
        {environments.length > 1 && (
          <nav class="tabs plain" aria-label="Environment of the traffic">
            {environments.map(({ name }) => (
              <a key={name} href={link({ environment: name })} aria-current={name === chosen.name ? "page" : undefined}>
                {name}
              </a>
            ))}
          </nav>
        )}
        <nav class="tabs plain" aria-label="Range of the traffic">
          {RANGES.map(([value, label]) => (
            <a key={value} href={link({ range: String(value) })} aria-current={value === range ? "page" : undefined}>
              {label}
            </a>
          ))}
        </nav>
      </div>
      {histories === null ? (
        <Loading />
      ) : at.length === 0 ? (
        <Empty title={`Nothing is recorded of ${chosen.name} in that time`} />
      ) : (
        <Chart label={`Requests per second in ${chosen.name}, by deployment`} at={at} lines={lines} range={range} unit={NUMBER} />
      )}
    </section>
  );
}

type Known = [id: string, history: History][];

/** Asked for together, so that the lines end together; of one that has gone meanwhile there is none. */
function useHistories(model: string, ids: string[], range: number): Known | null {
  const [known, setKnown] = useState<{ asked: string; found: Known } | null>(null);
  const session = useStore(signedIn);
  const asked = JSON.stringify([model, ids, range]);
  useEffect(() => {
    const leaving = new AbortController();
    const load = async (): Promise<void> => {
      const one = (id: string): Promise<History> => call<History>(deploymentPath(model, id, `/history?seconds=${range}`), { signal: leaving.signal });
      const answers = await Promise.allSettled(ids.map(one));
      if (leaving.signal.aborted) return;
      const found = answers.flatMap((answer, place): Known => (answer.status === "fulfilled" ? [[ids[place] ?? "", answer.value]] : []));
      setKnown({ asked, found });
    };
    void load();
    const timer = setInterval(() => document.hidden || void load(), Math.max(2, range / 300) * 1000);
    return () => (leaving.abort(), clearInterval(timer));
  }, [asked, session]);
  return known !== null && sameModelAndRange(known.asked, asked) ? known.found : null;
}

/** While another deployment joins, what is known stays in view. */
function sameModelAndRange(one: string, other: string): boolean {
  const [[model, , range], [otherModel, , otherRange]] = [JSON.parse(one), JSON.parse(other)] as [[string, unknown, number], [string, unknown, number]];
  return model === otherModel && range === otherRange;
}
