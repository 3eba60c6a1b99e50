/** What goes on in a deployment now: its queue and why it waits, what all replicas hold, then each of them. */
import { useEffect, useMemo, useRef } from "preact/hooks";
import { useStore } from "../../api/store";
import type { Picture } from "../../api/types";
import { useWidth } from "../../components/size";
import { count, plural, seconds } from "../../format";
import { paint } from "../../paint";
import { type Parameters, deploymentLink } from "../../router";
import { cleared, colours, drawDot } from "./drawing";
import { mostOf } from "./layout";
import "./picture.css";
import { FEW, Replicas } from "./replicas";
import { SaturationNote } from "./saturation";
import { StageTotals } from "./stages";
import { ORDERS, type OrderName, ordered } from "./totals";

interface PictureProps {
  picture: Picture;
  /** Of the replicas; without it, it is not to be chosen. */
  order?: OrderName;
  /** To the page of the deployment. */
  linkTo?(asked: Parameters): string;
}

export function PictureView({ picture, order, linkTo }: PictureProps) {
  const { deployment, queue, replicas } = picture;
  const link = linkTo ?? ((asked: Parameters) => deploymentLink(deployment.model_name, deployment.id, "", asked));
  const places = deployment.predict_concurrency ?? 1;
  const shown = useMemo(() => ordered(replicas, order ?? "name"), [replicas, order]);
  const scale = useMemo(
    () => ({ places, most: mostOf(replicas, places), isSmall: replicas.length > FEW }),
    [replicas, places],
  );
  return (
    <section class="picture panel" aria-label="Live picture">
      <QueueView queue={queue} />
      <SaturationNote saturation={deployment.saturation} linkTo={link} />
      {replicas.some((one) => one.lanes !== null || one.state === "ready") && <StageTotals replicas={replicas} places={places} />}
      {replicas.length > 1 && order !== undefined && <Sorting count={replicas.length} order={order} linkTo={link} />}
      {replicas.length > 0 && <ScaleNote slots={replicas[0]?.slots ?? 0} places={places} />}
      <Replicas replicas={shown} scale={scale} />
      {replicas.length === 0 && deployment.saturation === null && <p class="soft">No replica.</p>}
    </section>
  );
}

const TOO_MANY = 24;

/** One for all replicas. */
function ScaleNote({ slots, places }: { slots: number; places: number }) {
  const bars = slots > TOO_MANY ? ` Where they are too many to be told apart, a full bar is ${plural(slots, "slot")}, in predict ${plural(places, "place")}.` : "";
  return (
    <p class="scale">
      <small>A dot is one request, in the lane of its stage; the gate stands before predict.{bars}</small>
    </p>
  );
}

interface SortingProps {
  count: number;
  order: OrderName;
  linkTo(asked: Parameters): string;
}

function Sorting({ count: replicas, order, linkTo }: SortingProps) {
  return (
    <nav class="sorting" aria-label="Order of replicas">
      <span class="soft">{plural(replicas, "replica")} by</span>
      {(Object.keys(ORDERS) as OrderName[]).map((one) => (
        <a key={one} href={linkTo(one === "name" ? {} : { sort: one })} aria-current={one === order ? "true" : undefined}>
          {ORDERS[one].label}
        </a>
      ))}
    </nav>
  );
}

function QueueView({ queue }: { queue: Picture["queue"] }) {
  const holder = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const width = useWidth(holder);
  const painted = useStore(paint);
  const oldest = queue.shown[0]?.seconds ?? 0;
  const more = queue.count - queue.shown.length;
  const text = queue.count === 0 ? "empty" : `${count(queue.count)} waiting, the first for ${seconds(oldest)}`;
  useEffect(() => {
    if (canvas.current !== null && width > 0) drawQueue(canvas.current, width, queue.shown.length);
  }, [queue, width, painted]);
  return (
    <div class="queue" ref={holder}>
      <h2>
        Queue <span class="soft">{text}</span>
        {more > 0 && <span class="soft"> (the first {queue.shown.length} are drawn)</span>}
      </h2>
      <canvas ref={canvas} role="img" aria-label={`Queue: ${text}`} />
    </div>
  );
}

const QUEUE_PITCH = 9;

function drawQueue(canvas: HTMLCanvasElement, width: number, length: number): void {
  const each = Math.max(1, Math.floor(width / QUEUE_PITCH));
  const height = QUEUE_PITCH * Math.max(1, Math.ceil(length / each));
  canvas.style.height = `${height}px`;
  const on = cleared(canvas, width, height);
  if (on === null) return;
  const { queue } = colours();
  for (let number = 0; number < length; number += 1) {
    const [row, column] = [Math.floor(number / each), number % each];
    drawDot(on, (column + 0.5) * QUEUE_PITCH, (row + 0.5) * QUEUE_PITCH, QUEUE_PITCH / 2 - 1.3, queue);
  }
}
