/** What all replicas of a deployment hold together, and in which order they are shown. Pure. */
import { IN_REPLICA, type StageInReplica } from "../../api/stages";
import type { PictureReplica } from "../../api/types";
import { type SortValue, sorted } from "../../components/sorting";

export interface Totals {
  /** Of the replicas that are given requests. */
  slots: number;
  held: number;
  stages: Record<StageInReplica, number>;
  /** Places in predict, of those. */
  places: number;
  abandoned: number;
  /** Replicas that are ready and do not tell what they hold. */
  silent: number;
}

export function totalsOf(replicas: readonly PictureReplica[], places: number): Totals {
  const ready = replicas.filter((one) => one.state === "ready");
  const sum = (of: (one: PictureReplica) => number, over = replicas): number => over.reduce((all, one) => all + of(one), 0);
  return {
    slots: sum((one) => one.slots, ready),
    held: sum((one) => one.held, ready),
    stages: Object.fromEntries(IN_REPLICA.map((stage) => [stage, sum((one) => one.lanes?.[stage] ?? 0)])) as Totals["stages"],
    places: ready.length * places,
    abandoned: sum((one) => one.lanes?.abandoned ?? 0),
    silent: ready.filter((one) => one.lanes === null).length,
  };
}

interface Ordering {
  label: string;
  by(one: PictureReplica): SortValue;
  isDescending: boolean;
}

/** What needs a look comes first. */
const STATES = ["unhealthy", "starting", "draining", "stopping", "ready"];

export const ORDERS = {
  name: { label: "name", by: (one) => one.id, isDescending: false },
  load: { label: "load", by: (one) => one.held / one.slots, isDescending: true },
  age: { label: "age", by: (one) => one.generation, isDescending: false },
  state: { label: "state", by: (one) => STATES.indexOf(one.state), isDescending: false },
} as const satisfies Record<string, Ordering>;

export type OrderName = keyof typeof ORDERS;

export const orderNamed = (name: string | null): OrderName => (name !== null && Object.hasOwn(ORDERS, name) ? (name as OrderName) : "name");

/** Those that are equal stand by their names, so that they do not change places. */
export function ordered(replicas: readonly PictureReplica[], name: OrderName): PictureReplica[] {
  const { by, isDescending }: Ordering = ORDERS[name];
  return sorted(sorted(replicas, ORDERS.name.by, false), by, isDescending);
}
