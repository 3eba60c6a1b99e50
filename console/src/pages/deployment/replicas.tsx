/** Each replica with its slots and lanes: a card of its own while there are few, a row of a list when there are many. */
import { useEffect, useRef } from "preact/hooks";
import { IN_REPLICA } from "../../api/stages";
import { useStore } from "../../api/store";
import type { PictureReplica } from "../../api/types";
import { useWidth } from "../../components/size";
import { count, plural, seconds } from "../../format";
import { paint } from "../../paint";
import { ReplicaDrawing, type Scale } from "./drawing";
import { COLUMNS, words } from "./layout";
import { SHORT } from "./stages";

/** Above so many they are rows. */
export const FEW = 8;
const CARD = 72;
const ROW = 20;

interface ReplicasProps {
  replicas: PictureReplica[];
  scale: Scale;
}

export function Replicas({ replicas, scale }: ReplicasProps) {
  return (
    <div class={scale.isSmall ? "rows" : "cards"}>
      {scale.isSmall && (
        <div class="lane-names is-head" style={{ gridTemplateColumns: COLUMNS }} aria-hidden="true">
          {IN_REPLICA.map((stage) => (
            <span key={stage}>{SHORT[stage]}</span>
          ))}
        </div>
      )}
      {replicas.map((one) => (
        <ReplicaCard key={one.id} replica={one} scale={scale} />
      ))}
    </div>
  );
}

interface CardProps {
  replica: PictureReplica;
  scale: Scale;
}

const TONES: Record<string, string> = { ready: "good", failed: "bad", unhealthy: "warn" };

function ReplicaCard({ replica, scale }: CardProps) {
  const tone = TONES[replica.state] ?? "busy";
  const isReady = replica.state === "ready";
  const since = Math.max(0, Date.now() / 1000 - Date.parse(replica.since) / 1000);
  return (
    <article class={`card ${isReady ? "" : "is-cold"}`} aria-label={`Replica ${replica.id}`}>
      <header>
        <h3 title={replica.id}>{replica.id}</h3>
        <span class={`badge ${tone}`}>{replica.state}</span>
        {!isReady && <span class="soft">{seconds(Math.round(since))}</span>}
        <span class="grow" />
        <span class={replica.held >= replica.slots && isReady ? "warn" : "soft"} title="Slots taken">
          {count(replica.held)} of {plural(replica.slots, "slot")}
        </span>
      </header>
      <Slots replica={replica} />
      <Lanes replica={replica} scale={scale} />
      <Remarks replica={replica} />
    </article>
  );
}

/** Above so many, gaps between them would be all there is. */
const MOST_MARKS = 64;

/** A mark for each slot, as long as they can be told apart. The number stands over it. */
function Slots({ replica: { held, slots } }: { replica: PictureReplica }) {
  const mask = { maskImage: "linear-gradient(90deg, #000 calc(100% - 2px), transparent 0)", maskSize: `${100 / slots}% 100%` };
  return (
    <div class="slots" style={slots > MOST_MARKS ? {} : mask} aria-hidden="true">
      <i class={held > slots ? "is-over" : ""} style={{ width: `${Math.min(100, (100 * held) / slots)}%` }} />
    </div>
  );
}

function Lanes({ replica, scale }: CardProps) {
  if (replica.lanes === null)
    return (
      <p class="soft untold" style={{ minHeight: `${scale.isSmall ? ROW : CARD}px` }}>
        {UNTOLD[replica.state] ?? ""}
      </p>
    );
  return (
    <div class="lanes">
      <LaneNames replica={replica} places={scale.places} />
      <ReplicaCanvas replica={replica} scale={scale} />
    </div>
  );
}

const UNTOLD: Record<string, string> = {
  ready: "It does not tell what it holds.",
  starting: "Cold start: the model is being loaded.",
};

/** What the picture's text alternative says too. */
function LaneNames({ replica, places }: { replica: PictureReplica; places: number }) {
  return (
    <div class="lane-names" style={{ gridTemplateColumns: COLUMNS }} aria-hidden="true">
      {IN_REPLICA.map((stage) => {
        const held = replica.lanes?.[stage] ?? 0;
        return (
          <span key={stage} class={held === 0 ? "is-none" : ""}>
            <i>{SHORT[stage]}</i>
            <b>
              {count(held)}
              {stage === "predict" && <small> of {count(places)}</small>}
            </b>
          </span>
        );
      })}
    </div>
  );
}

function Remarks({ replica }: { replica: PictureReplica }) {
  const told: string[] = [];
  const abandoned = replica.lanes?.abandoned ?? 0;
  if (abandoned > 0) told.push(`${abandoned} abandoned`);
  if (replica.restarts > 0) told.push(plural(replica.restarts, "restart"));
  if (replica.gpus.length > 0) told.push(replica.gpus.join(", "));
  return told.length === 0 ? null : <small class={abandoned > 0 ? "bad" : ""}>{told.join(" · ")}</small>;
}

function ReplicaCanvas({ replica, scale }: CardProps) {
  const holder = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const drawing = useRef<ReplicaDrawing | null>(null);
  const width = useWidth(holder);
  const height = scale.isSmall ? ROW : CARD;
  const painted = useStore(paint);
  useEffect(() => {
    if (canvas.current === null || width === 0) return;
    drawing.current ??= new ReplicaDrawing(canvas.current);
    drawing.current.show(replica, scale, width, height);
  }, [replica, scale, width, height, painted]);
  useEffect(() => () => drawing.current?.close(), []);
  return (
    <div ref={holder}>
      <canvas ref={canvas} role="img" style={{ height: `${height}px` }} aria-label={words(replica, scale.places)} />
    </div>
  );
}
