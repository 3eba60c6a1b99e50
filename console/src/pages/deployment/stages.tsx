/** How many requests all replicas hold together, stage by stage; its colours are those of the lanes below. */
import { IN_REPLICA, type StageInReplica } from "../../api/stages";
import type { PictureReplica } from "../../api/types";
import { count, plural } from "../../format";
import { totalsOf } from "./totals";

/** As they are written over a lane. */
export const SHORT: Record<StageInReplica, string> = {
  preprocess: "pre",
  gate_wait: "gate",
  predict: "predict",
  postprocess: "post",
  send: "send",
};

const LONG: Record<StageInReplica, string> = {
  preprocess: "preprocess",
  gate_wait: "at the gate",
  predict: "predict",
  postprocess: "postprocess",
  send: "being sent",
};

export function StageTotals({ replicas, places }: { replicas: PictureReplica[]; places: number }) {
  const { slots, held, stages, places: allPlaces, abandoned, silent } = totalsOf(replicas, places);
  return (
    <section class="stages" aria-label="All replicas together">
      <dl>
        <Entry name="slots taken" value={held} of={slots} tone={slots > 0 && held >= slots ? "warn" : ""} />
        {IN_REPLICA.map((stage) => (
          <Entry
            key={stage}
            name={LONG[stage]}
            colour={stage}
            value={stages[stage]}
            of={stage === "predict" ? allPlaces : undefined}
          />
        ))}
        {abandoned > 0 && <Entry name="abandoned ✕" value={abandoned} tone="bad" title="Their clients have left, their work goes on" />}
      </dl>
      {silent > 0 && <p class="soft">{plural(silent, "replica")} do not tell what they hold: they are not counted here.</p>}
    </section>
  );
}

interface EntryProps {
  name: string;
  value: number;
  of?: number | undefined;
  colour?: StageInReplica;
  tone?: string;
  title?: string;
}

function Entry({ name, value, of, colour, tone = "", title }: EntryProps) {
  return (
    <div title={title}>
      <dt>
        {colour !== undefined && <i style={{ background: `var(--${colour})` }} />}
        {name}
      </dt>
      <dd class={tone}>
        {count(value)}
        {of !== undefined && <span class="soft"> of {count(of)}</span>}
      </dd>
    </div>
  );
}
