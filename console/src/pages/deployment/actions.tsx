/** What is done with a whole deployment. */
import { useState } from "preact/hooks";
import { call } from "../../api/client";
import type { Deployment } from "../../api/types";
import { tell, tellError } from "../../components/toasts";

interface Action {
  name: string;
  label: string;
  done: string;
  isOffered(deployment: Pick<Deployment, "status" | "is_production">): boolean;
}

const ACTIONS: Action[] = [
  { name: "promote", label: "Promote", done: "It takes production's place as soon as it is ready", isOffered: (one) => !one.is_production },
  { name: "wake", label: "Wake", done: "A replica starts", isOffered: (one) => one.status === "SCALED_TO_ZERO" },
  {
    name: "activate",
    label: "Activate",
    done: "It serves again",
    isOffered: (one) => ["INACTIVE", "FAILED", "BUILD_FAILED"].includes(one.status),
  },
  {
    name: "deactivate",
    label: "Deactivate",
    done: "It refuses requests; what is in flight is finished",
    isOffered: (one) => one.status !== "INACTIVE" && one.status !== "DELETING",
  },
];

export function Actions({ path, deployment }: { path: string; deployment: Pick<Deployment, "status" | "is_production"> }) {
  const [asked, setAsked] = useState("");
  const run = async (action: Action): Promise<void> => {
    setAsked("");
    try {
      await call(`${path}/${action.name}`, { method: "POST" });
      tell(action.done);
    } catch (error) {
      tellError(error);
    }
  };
  return (
    <span class="row">
      {ACTIONS.filter((one) => one.isOffered(deployment)).map((one) =>
        one.name === "deactivate" && asked !== one.name ? (
          <button key={one.name} type="button" onClick={() => setAsked(one.name)}>
            {one.label}…
          </button>
        ) : (
          <button key={one.name} type="button" class={one.name === "deactivate" ? "danger" : ""} onClick={() => void run(one)}>
            {asked === one.name ? "Really deactivate" : one.label}
          </button>
        ),
      )}
    </span>
  );
}
