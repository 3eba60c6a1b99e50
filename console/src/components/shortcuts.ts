/** What keys lead to: pure, told of each press. */
import { deploymentLink, match, modelLink } from "../router";

export interface Shortcut {
  keys: string;
  label: string;
  /** An address, or what is done. */
  to: string | "help" | "search";
}

const GENERAL: Shortcut[] = [
  { keys: "g m", label: "Models", to: "#/" },
  { keys: "g d", label: "Deploy", to: "#/deploy" },
  { keys: "g k", label: "Keys", to: "#/keys" },
  { keys: "g e", label: "Metrics", to: "#/metrics" },
  { keys: "g a", label: "API", to: "/docs" },
  { keys: "g h", label: "Help", to: "/help/" },
  { keys: "/", label: "Search, where there is one", to: "search" },
  { keys: "?", label: "These keys", to: "help" },
];

const OF_DEPLOYMENT: [keys: string, label: string, rest: string, tab: string][] = [
  ["g l", "Live", "", ""],
  ["g c", "Charts", "", "charts"],
  ["g n", "Decisions", "", "decisions"],
  ["g y", "Changes", "", "changes"],
  ["g r", "Requests", "", "requests"],
  ["g o", "Logs", "", "logs"],
  ["g v", "Advice", "", "advice"],
  ["g p", "Playground", "/playground", ""],
  ["g w", "What if", "/what-if", ""],
];

/** Those of the page at `path`: general ones, and those of the deployment in view. */
export function shortcutsAt(path: string): { general: Shortcut[]; ofDeployment: Shortcut[] } {
  const found = ["", "/playground", "/what-if"].map((rest) => match(`/models/:model/:deployment${rest}`, path)).find((one) => one !== null);
  if (found === undefined || found === null) return { general: GENERAL, ofDeployment: [] };
  const { model = "", deployment = "" } = found;
  const pages = OF_DEPLOYMENT.map(([keys, label, rest, tab]) => ({ keys, label, to: deploymentLink(model, deployment, rest, tab ? { tab } : {}) }));
  return { general: GENERAL, ofDeployment: [{ keys: "g u", label: "Up, to the model", to: modelLink(model) }, ...pages] };
}

/** The keys of one shortcut come within this, in milliseconds. */
const WITHIN = 1500;

/** Puts presses together. */
export class Presses {
  #before = "";
  #at = 0;

  /** What the press of `key` leads to; null when it leads nowhere, or another key is to come. */
  press(key: string, now: number, shortcuts: Shortcut[]): Shortcut | null {
    const whole = this.#before !== "" && now - this.#at <= WITHIN ? `${this.#before} ${key}` : key;
    const found = shortcuts.find((one) => one.keys === whole) ?? null;
    const isBeginning = shortcuts.some((one) => one.keys.startsWith(`${key} `));
    this.#before = found === null && isBeginning ? key : "";
    this.#at = now;
    return found;
  }
}
