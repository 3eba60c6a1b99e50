/** Draws on canvases what layout.ts has placed, and lets dots glide to their new places in a few frames. */
import { IN_REPLICA, type StageInReplica } from "../../api/stages";
import type { PictureReplica } from "../../api/types";
import { colour, paint } from "../../paint";
import { type Box, type Dot, dots, lanes, pitchFor, place } from "./layout";

const GLIDE = 240;
const FRAME = 60;
/** Before the lanes of a row: the number. */
const INSET = 30;
const ROW_TOP = 3;

const isStill = matchMedia("(prefers-reduced-motion: reduce)");

type Palette = Record<StageInReplica | "ink" | "soft" | "line" | "bad" | "sunk" | "queue", string>;

let palette: Palette | null = null;
paint.watch(() => (palette = null));

export function colours(): Palette {
  const names = [...IN_REPLICA, "ink", "soft", "line", "bad", "sunk", "queue"] as const;
  palette ??= Object.fromEntries(names.map((name) => [name, colour(name)])) as Palette;
  return palette;
}

/** A canvas's context in CSS pixels, cleared; null while it has no size. */
export function cleared(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D | null {
  const ratio = devicePixelRatio || 1;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (w === 0 || h === 0) return null;
  if (canvas.width !== w || canvas.height !== h) [canvas.width, canvas.height] = [w, h];
  const context = canvas.getContext("2d");
  context?.setTransform(ratio, 0, 0, ratio, 0, 0);
  context?.clearRect(0, 0, width, height);
  return context;
}

export function drawDot(on: CanvasRenderingContext2D, x: number, y: number, radius: number, fill: string): void {
  on.fillStyle = fill;
  on.beginPath();
  on.arc(x, y, radius, 0, 7);
  on.fill();
}

/** The same for all replicas, so that they can be compared at a glance. */
export interface Scale {
  /** In predict, of one replica. */
  places: number;
  /** What each lane has room for. */
  most: Record<StageInReplica, number>;
  /** A row of a long list: dots jump, for frames between cost more than all else. */
  isSmall: boolean;
}

/** One replica's picture; it remembers where its dots stood. */
export class ReplicaDrawing {
  #dots = new Map<string, Dot>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly canvas: HTMLCanvasElement) {}

  show(replica: PictureReplica, scale: Scale, width: number, height: number): void {
    const { places, most, isSmall } = scale;
    clearTimeout(this.#timer);
    const boxes = lanes(width, isSmall ? height - ROW_TOP : height, isSmall ? INSET : 0);
    if (isSmall) for (const stage of IN_REPLICA) boxes[stage].y = ROW_TOP;
    const pitch = pitchFor(boxes, most);
    const before = this.#dots;
    const now = pitch > 0 ? dots(replica.requests, boxes, pitch) : [];
    this.#dots = new Map(now.map((one) => [one.id, one]));
    const began = performance.now();
    const frame = (): void => {
      const done = isStill.matches || isSmall ? 1 : Math.min(1, (performance.now() - began) / GLIDE);
      const on = cleared(this.canvas, width, height);
      if (on === null) return;
      drawLanes(on, boxes, isSmall ? INSET : 0);
      if (pitch === 0) drawBars(on, replica, boxes, scale);
      else {
        drawPlaces(on, boxes.predict, pitch, places);
        for (const dot of now) drawRequest(on, between(before.get(dot.id), dot, done), pitch);
      }
      if (done < 1 && now.some((dot) => isMoved(before.get(dot.id), dot))) this.#timer = setTimeout(frame, FRAME);
    };
    frame();
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}

const isMoved = (from: Dot | undefined, to: Dot): boolean =>
  from !== undefined && (Math.abs(from.x - to.x) > 0.5 || Math.abs(from.y - to.y) > 0.5);

function between(from: Dot | undefined, to: Dot, done: number): Dot {
  if (from === undefined) return to;
  const eased = 1 - (1 - done) ** 3;
  return { ...to, x: from.x + (to.x - from.x) * eased, y: from.y + (to.y - from.y) * eased };
}

function drawLanes(on: CanvasRenderingContext2D, boxes: Record<StageInReplica, Box>, inset: number): void {
  const { line, soft } = colours();
  for (const stage of IN_REPLICA) {
    const { y, height } = boxes[stage];
    const x = boxes[stage].x - inset;
    if (x === 0) continue;
    const isGate = stage === "predict";
    on.fillStyle = isGate ? soft : line;
    on.fillRect(x - (isGate ? 1 : 0.5), y, isGate ? 2 : 1, height);
  }
}

function drawPlaces(on: CanvasRenderingContext2D, box: Box, pitch: number, places: number): void {
  on.strokeStyle = colours().soft;
  on.lineWidth = 1;
  for (let number = 0; number < places; number += 1) {
    const { x, y } = place(box, pitch, number);
    on.beginPath();
    on.arc(x, y, pitch / 2 - 0.8, 0, 7);
    on.stroke();
  }
}

function drawRequest(on: CanvasRenderingContext2D, dot: Dot, pitch: number): void {
  const palette = colours();
  const radius = pitch / 2 - 1.2;
  if (!dot.isAbandoned) {
    drawDot(on, dot.x, dot.y, radius, palette[dot.stage]);
    return;
  }
  on.strokeStyle = palette.bad;
  on.lineWidth = 1.6;
  on.beginPath();
  on.moveTo(dot.x - radius, dot.y - radius);
  on.lineTo(dot.x + radius, dot.y + radius);
  on.moveTo(dot.x + radius, dot.y - radius);
  on.lineTo(dot.x - radius, dot.y + radius);
  on.stroke();
}

/** Too many to tell apart: how far each lane is filled. */
function drawBars(on: CanvasRenderingContext2D, replica: PictureReplica, boxes: Record<StageInReplica, Box>, { places }: Scale): void {
  const palette = colours();
  for (const stage of IN_REPLICA) {
    const held = replica.lanes?.[stage] ?? 0;
    const box = boxes[stage];
    const full = Math.max(1, stage === "predict" ? places : replica.slots);
    const width = (box.width - 6) * Math.min(1, held / full);
    on.fillStyle = palette.sunk;
    on.fillRect(box.x + 3, box.y + 2, box.width - 6, box.height - 5);
    on.fillStyle = palette[stage];
    on.fillRect(box.x + 3, box.y + 2, held > 0 ? Math.max(2, width) : 0, box.height - 5);
  }
}
