/** Changes in words, and those put together that were made together. */
import type { Change } from "../../api/types";
import { type Setting, told } from "../deployment/setting_fields";

/** "by ci", or that there was no key to tell by. */
export const byWhom = (one: Pick<Change, "by" | "key_prefix">): string =>
  one.key_prefix === null && one.by === "no key" ? "without a key" : `by ${one.by}`;

/** What was done, as a short sentence without its author. `nameOf` is how a deployment is called. */
export function wordsOf(one: Change, settings: readonly Setting[], nameOf: (id: string) => string): string {
  const name = (value: unknown): string => (typeof value === "string" && value !== "" ? nameOf(value) : "nothing");
  const where = one.before === null ? "" : `, where ${name(one.before)} was`;
  if (one.kind === "setting") {
    const setting = settings.find((other) => other.name === one.field) ?? { unit: "" };
    return `${one.field} ${told(setting, one.before as number)} → ${told(setting, one.after as number)}`;
  }
  const words: Record<Exclude<Change["kind"], "setting">, string> = {
    push: one.field === "" ? "pushed, for no environment" : `pushed for ${one.field}${where}`,
    promotion: `promoted into ${one.field}${where}`,
    rollback: `rolled ${one.field} back from ${name(one.before)}`,
    takeover: `took over ${one.field} from ${name(one.before)}`,
    given_up: `given up, ${name(one.after)} stays in ${one.field}: ${one.reason}`,
    activation: one.before === true ? "tried anew" : "activated",
    deactivation: "deactivated",
    deletion: "deleted",
    environment_creation: `environment ${one.field} made`,
    environment_deletion: `environment ${one.field} deleted${where}`,
    model_deletion: "the model deleted",
  };
  return words[one.kind] ?? `${String(one.kind)} ${one.field}`;
}

/** Settings that one call changed, or one thing that was done; the newest first. */
export type Together = [Change, ...Change[]];

const AT_ONCE = 500;

export function together(changes: readonly Change[]): Together[] {
  const groups: Together[] = [];
  for (const one of changes) {
    const [last] = groups.at(-1) ?? [];
    if (last !== undefined && belong(last, one)) groups.at(-1)?.push(one);
    else groups.push([one]);
  }
  return groups;
}

const belong = (one: Change, other: Change): boolean =>
  one.kind === "setting" &&
  other.kind === "setting" &&
  one.deployment_id === other.deployment_id &&
  one.by === other.by &&
  one.key_prefix === other.key_prefix &&
  Math.abs(Date.parse(one.at) - Date.parse(other.at)) < AT_ONCE;
