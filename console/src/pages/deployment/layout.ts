/** Where each request of a replica stands in its picture. Pure: sizes in, places out. */
import { IN_REPLICA, type StageInReplica } from "../../api/stages";
import type { HeldRequest, PictureReplica } from "../../api/types";
import { plural } from "../../format";

/** Shares of the width; the gate stands between the second and the third. */
const SHARES: Record<StageInReplica, number> = { preprocess: 0.22, gate_wait: 0.18, predict: 0.26, postprocess: 0.2, send: 0.14 };

/** The same for names that stand over the lanes: `grid-template-columns`. */
export const COLUMNS = IN_REPLICA.map((stage) => `minmax(0, ${SHARES[stage]}fr)`).join(" ");

const WIDEST = 14;
const NARROWEST = 6;

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Dot {
  id: string;
  x: number;
  y: number;
  stage: StageInReplica;
  isAbandoned: boolean;
}

export interface Place {
  x: number;
  y: number;
}

/** `inset`: what is left free at the left of each. */
export function lanes(width: number, height: number, inset = 0): Record<StageInReplica, Box> {
  const boxes = {} as Record<StageInReplica, Box>;
  let x = 0;
  for (const stage of IN_REPLICA) {
    const share = SHARES[stage] * width;
    boxes[stage] = { x: x + inset, y: 0, width: share - inset, height };
    x += share;
  }
  return boxes;
}

/** The distance between dots at which `most` of them fit in every lane; 0 where none is large enough to see. */
export function pitchFor(boxes: Record<StageInReplica, Box>, most: Record<StageInReplica, number>): number {
  for (let pitch = WIDEST; pitch >= NARROWEST; pitch -= 1)
    if (IN_REPLICA.every((stage) => room(boxes[stage], pitch) >= most[stage])) return pitch;
  return 0;
}

const columns = (box: Box, pitch: number): number => Math.floor((box.width - 4) / pitch);
const rows = (box: Box, pitch: number): number => Math.floor(box.height / pitch);
const room = (box: Box, pitch: number): number => columns(box, pitch) * rows(box, pitch);

/** The centre of the place with this number: downwards first, then to the right. */
export function place(box: Box, pitch: number, number: number): Place {
  const each = Math.max(1, rows(box, pitch));
  const column = Math.floor(number / each);
  return { x: box.x + 2 + (column + 0.5) * pitch, y: box.y + ((number % each) + 0.5) * pitch };
}

/** One dot for each request; the longest held stands first in its lane. */
export function dots(requests: readonly HeldRequest[], boxes: Record<StageInReplica, Box>, pitch: number): Dot[] {
  const taken = { preprocess: 0, gate_wait: 0, predict: 0, postprocess: 0, send: 0 };
  const known = requests.filter((one) => one.stage in taken);
  return known
    .toSorted((one, other) => other.seconds - one.seconds)
    .map((one) => ({
      id: one.request_id,
      stage: one.stage,
      isAbandoned: one.abandoned,
      ...place(boxes[one.stage], pitch, taken[one.stage]++),
    }));
}

/** What each lane must have room for, whichever replica's it is: the most that one holds, and in predict all places. */
export function mostOf(replicas: readonly PictureReplica[], places: number): Record<StageInReplica, number> {
  const most = { preprocess: 0, gate_wait: 0, predict: places, postprocess: 0, send: 0 };
  for (const { lanes: held } of replicas)
    for (const stage of IN_REPLICA) most[stage] = Math.max(most[stage], held?.[stage] ?? 0);
  return most;
}

/** In words, for those who do not see the picture. */
export function words(replica: PictureReplica, places: number): string {
  const { lanes: held } = replica;
  if (held === null) return `${replica.id} does not tell what it holds`;
  const told = [
    `${held.preprocess} in preprocess`,
    `${held.gate_wait} before the gate`,
    `${held.predict} of ${plural(places, "place")} in predict`,
    `${held.postprocess} in postprocess`,
    `${held.send} being sent`,
  ];
  if (held.abandoned > 0) told.push(`${held.abandoned} abandoned`);
  return `${replica.held} of ${plural(replica.slots, "slot")} taken: ${told.join(", ")}`;
}
