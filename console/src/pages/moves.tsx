/** What is done with a whole deployment, wherever it is shown; what others would feel is asked first. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { call, deploymentPath } from "../api/client";
import type { Deployment } from "../api/types";
import { Confirm } from "../components/confirm";
import { Instant } from "../components/instant";
import { tell, tellError } from "../components/toasts";
import { count, digits, plural } from "../format";

export type Moved = Pick<
  Deployment,
  "id" | "name" | "model_name" | "created_at" | "status" | "is_production" | "environments" | "in_flight" | "queued" | "requests_per_second" | "ready_replicas"
>;

const OFF = ["INACTIVE", "FAILED", "BUILD_FAILED"];

interface MovesProps {
  deployment: Moved;
  /** What production points at; null: nothing, or it is not known yet. */
  production: Moved | null;
  isWakeable?: boolean;
  /** Instead of moving production to it. */
  promote?: ComponentChildren;
  isDeletable?: boolean;
}

export function Moves({ deployment: one, production, isWakeable = false, promote, isDeletable = one.environments.length === 0 }: MovesProps) {
  const [isBusy, setBusy] = useState(false);
  const run = (method: "POST" | "DELETE", rest: string, done: string): void => {
    setBusy(true);
    call(`${deploymentPath(one.model_name, one.id)}${rest}`, { method })
      .then(() => tell(`${one.model_name} / ${one.id}: ${done}`), tellError)
      .finally(() => setBusy(false));
  };
  if (one.status === "DELETING") return <span class="soft">goes when its last request has ended</span>;
  return (
    <span class="row">
      {promote ??
        (!one.is_production && (
          <Promote deployment={one} production={production} isBusy={isBusy} onRun={() => run("POST", "/promote", "takes production's place once it is ready")} />
        ))}
      {isWakeable && one.status === "SCALED_TO_ZERO" && (
        <button type="button" disabled={isBusy} onClick={() => run("POST", "/wake", "a replica starts")}>
          Wake
        </button>
      )}
      {OFF.includes(one.status) && (
        <button type="button" disabled={isBusy} onClick={() => run("POST", "/activate", "serves again")}>
          Activate
        </button>
      )}
      {one.status !== "INACTIVE" && <Deactivate deployment={one} isBusy={isBusy} onRun={() => run("POST", "/deactivate", "refuses requests")} />}
      {isDeletable && (
        <Confirm label="Delete" title={`Delete ${called(one)}?`} sure="Delete it" isBusy={isBusy} onConfirm={() => run("DELETE", "", "is being deleted")}>
          <p>Its Truss, its settings and the records of its requests go. {ending(one)} It cannot be undone: the Truss would have to be pushed again.</p>
        </Confirm>
      )}
    </span>
  );
}

interface MoveProps {
  deployment: Moved;
  isBusy: boolean;
  onRun(): void;
}

/** To promote what is older than production is to roll back. */
export function Promote({ deployment: one, production, environment = "production", isBusy, onRun }: MoveProps & { production: Moved | null; environment?: string }) {
  if (production === null || one.created_at >= production.created_at)
    return (
      <button type="button" disabled={isBusy} onClick={onRun}>
        Promote
      </button>
    );
  return (
    <Confirm label="Roll back to it" title={`Roll ${environment === "production" ? "" : `${environment} of `}${one.model_name} back?`} sure="Roll back" isBusy={isBusy} isDanger={false} onConfirm={onRun}>
      <p>
        {environment === "production" ? "Production" : environment} goes from <b>{production.name || production.id}</b>, pushed <Instant at={production.created_at} />, to <b>{one.name || one.id}</b>, pushed{" "}
        <Instant at={one.created_at} />.
      </p>
      <p>It moves when the older one is ready; until then the present one serves, and no request is lost. What queues moves along.</p>
    </Confirm>
  );
}

function Deactivate({ deployment: one, isBusy, onRun }: MoveProps) {
  const named = one.environments.join(", ");
  return (
    <Confirm label="Deactivate" title={`Deactivate ${called(one)}?`} sure="Deactivate it" isBusy={isBusy} onConfirm={onRun}>
      {named !== "" && (
        <p>
          <b>{named}</b> of {one.model_name} points at it: whoever asks for {one.is_production ? "the model" : "that"} gets a 503 until it is activated, or
          another deployment is promoted.
        </p>
      )}
      {one.requests_per_second > 0 && (
        <p>
          It answers <b>{digits(one.requests_per_second)} requests a second</b> at present.
        </p>
      )}
      <p>
        {ending(one)} Then {one.ready_replicas === 1 ? "its replica stops" : `its ${plural(one.ready_replicas, "replica")} stop`}.
      </p>
    </Confirm>
  );
}

const called = (one: Moved): string => `${one.model_name} / ${one.name || one.id}`;

const ending = ({ in_flight, queued }: Moved): string =>
  `${in_flight > 0 ? `What is in flight (${count(in_flight)}) is finished` : "Nothing is in flight"}${queued > 0 ? `; what queues (${count(queued)}) is refused.` : "."}`;
