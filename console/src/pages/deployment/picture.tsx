/** What goes on in a deployment now: its queue, then each replica with its slots and lanes. */
import { useEffect, useRef } from "preact/hooks";
import { useStore } from "../../api/store";
import type { Picture, PictureReplica } from "../../api/types";
import { useWidth } from "../../components/size";
import { count, plural, seconds } from "../../format";
import { paint } from "../../paint";
import { ReplicaDrawing, cleared, colours, drawDot } from "./drawing";
import { words } from "./layout";

/** Above so many, cards are small, and their dots jump: frames between cost more than all else. */
const FEW = 8;

export function PictureView({ picture }: { picture: Picture }) {
  const { deployment, queue, replicas } = picture;
  const places = deployment.predict_concurrency ?? 1;
  const isSmall = replicas.length > FEW;
  return (
    <section class="picture panel" aria-label="Live picture">
      <QueueView queue={queue} />
      <Legend places={places} />
      <div class={isSmall ? "cards small" : "cards"}>
        {replicas.map((one) => (
          <ReplicaCard key={one.id} replica={one} places={places} height={isSmall ? 62 : 84} isGliding={!isSmall} />
        ))}
      </div>
      {replicas.length === 0 && (
        <p class="soft">
          No replica. {deployment.status === "SCALED_TO_ZERO" ? "The next request starts one." : deployment.reason}
        </p>
      )}
    </section>
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

function Legend({ places }: { places: number }) {
  return (
    <ul class="legend" aria-label="Legend">
      <Entry name="preprocess" text="preprocess" />
      <Entry name="gate_wait" text="waits at the gate" />
      <Entry name="predict" text={`predict, ${plural(places, "place")}`} />
      <Entry name="postprocess" text="postprocess" />
      <Entry name="send" text="sent to the client" />
      <li>
        <span class="bad">✕</span> abandoned: its client has left
      </li>
    </ul>
  );
}

function Entry({ name, text }: { name: string; text: string }) {
  return (
    <li>
      <i style={{ background: `var(--${name})` }} />
      {text}
    </li>
  );
}

interface CardProps {
  replica: PictureReplica;
  places: number;
  height: number;
  isGliding: boolean;
}

const TONES: Record<string, string> = { ready: "good", failed: "bad", unhealthy: "warn" };

function ReplicaCard({ replica, places, height, isGliding }: CardProps) {
  const tone = TONES[replica.state] ?? "busy";
  const isReady = replica.state === "ready";
  const since = Math.max(0, Date.now() / 1000 - Date.parse(replica.since) / 1000);
  return (
    <article class={`card ${isReady ? "" : "is-cold"}`} aria-label={`Replica ${replica.id}`}>
      <header>
        <h3>{replica.id}</h3>
        <span class={`badge ${tone}`}>{replica.state}</span>
        {!isReady && <span class="soft">{seconds(Math.round(since))}</span>}
        <span class="grow" />
        <span class={replica.held >= replica.slots && isReady ? "warn" : "soft"} title="Slots taken">
          {replica.held}/{replica.slots}
        </span>
      </header>
      {replica.lanes === null ? (
        <p class="soft" style={{ height: `${height}px` }}>
          {isReady ? "It does not tell what it holds." : isCold(replica) ? "Cold start: the model is being loaded." : ""}
        </p>
      ) : (
        <ReplicaCanvas replica={replica} places={places} height={height} isGliding={isGliding} />
      )}
      <Remarks replica={replica} />
    </article>
  );
}

const isCold = (replica: PictureReplica): boolean => replica.state === "starting";

function Remarks({ replica }: { replica: PictureReplica }) {
  const told: string[] = [];
  const abandoned = replica.lanes?.abandoned ?? 0;
  if (abandoned > 0) told.push(`${abandoned} abandoned`);
  if (replica.restarts > 0) told.push(plural(replica.restarts, "restart"));
  if (replica.gpus.length > 0) told.push(replica.gpus.join(", "));
  return told.length === 0 ? null : <small class={abandoned > 0 ? "bad" : ""}>{told.join(" · ")}</small>;
}

function ReplicaCanvas({ replica, places, height, isGliding }: CardProps) {
  const holder = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const drawing = useRef<ReplicaDrawing | null>(null);
  const width = useWidth(holder);
  const painted = useStore(paint);
  useEffect(() => {
    if (canvas.current === null || width === 0) return;
    drawing.current ??= new ReplicaDrawing(canvas.current);
    drawing.current.show(replica, places, width, height, isGliding);
  }, [replica, places, width, height, isGliding, painted]);
  useEffect(() => () => drawing.current?.close(), []);
  return (
    <div ref={holder}>
      <canvas ref={canvas} role="img" style={{ height: `${height}px` }} aria-label={words(replica, places)} />
    </div>
  );
}
