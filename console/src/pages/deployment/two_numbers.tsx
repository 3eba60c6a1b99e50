/** The two numbers side by side: the one that is set here, and the one that only another push changes. */
import type { Deployment } from "../../api/types";
import { count } from "../../format";

interface TwoNumbersProps {
  /** The concurrency target as it is, or as it is typed. */
  target: string;
  deployment: Pick<Deployment, "predict_concurrency">;
}

export function TwoNumbers({ target, deployment }: TwoNumbersProps) {
  const places = deployment.predict_concurrency;
  const isBelow = places !== null && Number(target) > 0 && Number(target) < places;
  return (
    <div class="two-numbers" id="predict_concurrency" tabIndex={-1}>
      <dl>
        <div>
          <dt>concurrency_target</dt>
          <dd class={isBelow ? "warn" : ""}>{target}</dd>
        </div>
        <div>
          <dt>predict_concurrency</dt>
          <dd>{count(places)}</dd>
        </div>
      </dl>
      <small>
        So many requests a replica holds at once, and so many of them are in predict. The first is set here and holds at once. The
        second is fixed, for a deployment never changes: set <code>runtime.predict_concurrency</code> in config.yaml and{" "}
        <a href="#/deploy">push again</a>.
      </small>
    </div>
  );
}
