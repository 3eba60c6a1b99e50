/** Several requests at once: what is to be expected of them, and what came. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { Picture } from "../../api/types";
import { NumberField } from "../../components/field";
import { tellError } from "../../components/toasts";
import { plural, seconds } from "../../format";
import { type BurstAnswer, burst } from "./asking";
import type { Input } from "./input";
import { SpanBar } from "./spans";
import { spansOfHeader } from "./timing";

const MOST = 64;

export function BurstPanel({ path, input, picture }: { path: string; input: Input; picture: Picture | null }) {
  const [typed, setTyped] = useState("5");
  const [answers, setAnswers] = useState<BurstAnswer[]>([]);
  const [sent, setSent] = useState(0);
  const [isBusy, setBusy] = useState(false);
  const leaving = useRef<AbortController | null>(null);
  useEffect(() => () => leaving.current?.abort(), [path]);
  const count = Number(typed);
  const isValid = Number.isInteger(count) && count >= 1 && count <= MOST;
  const send = (): void => {
    const mine = (leaving.current = new AbortController());
    setAnswers([]);
    setSent(count);
    setBusy(true);
    burst(path, count, input.value, mine.signal, (one) => setAnswers((before) => [...before, one]))
      .catch((error: unknown) => mine.signal.aborted || tellError(error))
      .finally(() => mine.signal.aborted || setBusy(false));
  };
  return (
    <section class="panel" aria-label="Several at once">
      <h2>Several at once</h2>
      <div class="row burst">
        <NumberField
          label="Requests"
          value={typed}
          low={1}
          high={MOST}
          step={1}
          error={isValid ? "" : `1 to ${MOST}`}
          onValue={setTyped}
        />
        <button type="button" class="primary" disabled={!isValid || isBusy || input.fault !== ""} onClick={send}>
          Send {isValid ? count : "them"} at once
        </button>
        <span role="status">{sent > 0 ? `${answers.length} of ${sent} answered` : ""}</span>
      </div>
      {picture !== null && isValid && <Expected count={count} picture={picture} />}
      {answers.length > 0 && <Answers answers={answers} />}
    </section>
  );
}

/** The contract's first example, with the numbers of this deployment. */
function Expected({ count, picture: { deployment } }: { count: number; picture: Picture }) {
  const target = deployment.concurrency_target;
  const ready = deployment.ready_replicas;
  const most = deployment.autoscaling_settings.max_replica;
  const given = Math.min(count, target * ready);
  const queued = count - given;
  return (
    <p class="soft">
      A replica holds {target} at once, its concurrency target. With {plural(ready, "ready replica")} and nothing else to do,{" "}
      <b>{given} of {count}</b> are sent and <b>{queued}</b> queue in order; as each one finishes, the head of the queue goes in.{" "}
      {queued === 0
        ? "Nothing waits."
        : ready < most
          ? `What still waits after a second orders another replica: ${most} are allowed.`
          : `No further replica is ordered: max_replica is ${most}.`}
    </p>
  );
}

function Answers({ answers }: { answers: BurstAnswer[] }) {
  const longest = Math.max(...answers.map((one) => one.seconds));
  return (
    <ol class="answers" aria-label="Answers, as they ended">
      {answers.map((one) => (
        <li key={one.index} title={one.body.slice(0, 300)}>
          <span class="number">{one.index + 1}</span>
          <span class={one.status === 200 ? "good" : "bad"}>{one.status || "no answer"}</span>
          <span class="number">{seconds(one.seconds)}</span>
          <SpanBar spans={spansOfHeader(one.server_timing)} total={longest} />
        </li>
      ))}
    </ol>
  );
}
