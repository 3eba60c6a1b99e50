/** Puts a model into service, from its archive to its first ready replica, and below moves what is deployed. */
import { useLive } from "../../api/live";
import { Store, useStore } from "../../api/store";
import type { Deployment, LiveState } from "../../api/types";
import { Loading, Problem } from "../../components/notes";
import { Deployed } from "./deployed";
import { PushForm } from "./push_form";
import { Progress } from "./progress";
import "../halves.css";
import "./deploy.css";

/** What was pushed last in this tab: who comes back finds its progress. */
const latest = new Store<Deployment | null>(null);

export function DeployPage() {
  const { value, error } = useLive<LiveState>("/v1/events");
  const pushed = useStore(latest);
  const live = value?.deployments.find((one) => one.id === pushed?.id && one.model_name === pushed.model_name);
  return (
    <div class="stack">
      <div class="halves">
        <PushForm models={value?.models.map((one) => one.name) ?? []} onPushed={(one) => latest.set(one)} />
        <section class="panel" aria-label="Progress">
          <h2>Progress</h2>
          {pushed === null ? (
            <p class="soft">What becomes of an upload is shown here: its environment is made, it starts, it loads.</p>
          ) : (
            <Progress deployment={live ?? pushed} />
          )}
        </section>
      </div>
      {value === null ? error === null ? <Loading /> : <Problem error={error} /> : <Deployed live={value} />}
    </div>
  );
}
