/** Thousands of lines, of which only those near the window are drawn; at the end it stays at the end. */
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Parameters } from "../../../router";
import type { LogLine } from "./entries";
import type { Filters } from "./filters";
import { Line } from "./line";
import type { Marks } from "./marks";

export interface Shown {
  line: LogLine;
  marks: Marks | null;
}

/** Lines that are drawn or not together. */
const TOGETHER = 50;
/** Pixels of a line that was never drawn, and those beyond the window that are drawn all the same. */
const HEIGHT = 21;
const BEYOND = 800;
const NEAR_THE_END = 30;

interface LinesProps {
  shown: Shown[];
  filters: Filters;
  /** What stands above the first line. */
  before: ComponentChildren;
  linkTo(asked: Parameters): string;
}

export function Lines({ shown, filters, before, linkTo }: LinesProps) {
  const box = useRef<HTMLDivElement>(null);
  const inside = useRef<HTMLDivElement>(null);
  const opened = useRef(new Set<string>());
  const { isAtEnd, toEnd } = useEnd(box, inside, filters.mark === "");
  const near = useNear(box);
  useMarked(box, filters.mark);
  const widest = Math.max(4, ...new Set(shown.map((one) => one.line.replica.length)));
  return (
    <div class="log-place">
      <div class="logs" ref={box} tabIndex={0} role="log" aria-live="off" aria-label="Log lines">
        <div ref={inside} style={{ "--replica": `${Math.min(widest, 20)}ch` }}>
          {before}
          {chunksOf(shown).map((chunk) => (
            <Chunk key={chunk.key} lines={chunk.lines} near={near} filters={filters} opened={opened.current} linkTo={linkTo} />
          ))}
        </div>
      </div>
      {!isAtEnd && (
        <button type="button" class="log-to-end primary" onClick={toEnd}>
          ↓ To the newest
        </button>
      )}
    </div>
  );
}

/** By the lines' numbers, so that those that go at the begin move no others. */
function chunksOf(shown: Shown[]): { key: number; lines: Shown[] }[] {
  const chunks: { key: number; lines: Shown[] }[] = [];
  for (const one of shown) {
    const key = Math.floor(one.line.number / TOGETHER);
    const last = chunks.at(-1);
    if (last?.key === key) last.lines.push(one);
    else chunks.push({ key, lines: [one] });
  }
  return chunks;
}

interface ChunkProps {
  lines: Shown[];
  near: Near;
  filters: Filters;
  opened: Set<string>;
  linkTo(asked: Parameters): string;
}

function Chunk({ lines, near, filters, opened, linkTo }: ChunkProps) {
  const place = useRef<HTMLDivElement>(null);
  const [isNear, setNear] = useState(false);
  const [height, setHeight] = useState<number | null>(null);
  const holds = filters.mark !== "" && lines.some((one) => one.line.at === filters.mark);
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    return near(element, (isIn) => {
      if (!isIn) setHeight(element.offsetHeight);
      setNear(isIn);
    });
  }, [near]);
  // Lines do not change: what is drawn of them follows from which there are and what is looked for in them.
  const drawn = useMemo(
    () => (isNear || holds ? lines.map((one) => <Line key={one.line.number} {...one} filters={filters} opened={opened} linkTo={linkTo} />) : null),
    [isNear || holds, lines[0]?.line.number, lines.at(-1)?.line.number, lines.length, filters],
  );
  return (
    <div ref={place} style={drawn === null ? { height: `${height ?? lines.length * HEIGHT}px` } : { height: "" }}>
      {drawn}
    </div>
  );
}

type Near = (element: Element, tell: (isIn: boolean) => void) => () => void;

/** Tells elements whether they are near what is seen of the box. */
function useNear(box: { current: HTMLDivElement | null }): Near {
  const [near] = useState(() => {
    const listeners = new Map<Element, (isIn: boolean) => void>();
    let observer: IntersectionObserver | null = null;
    return (element: Element, tell: (isIn: boolean) => void): (() => void) => {
      observer ??= new IntersectionObserver((changes) => changes.forEach((one) => listeners.get(one.target)?.(one.isIntersecting)), {
        root: box.current,
        rootMargin: `${BEYOND}px 0px`,
      });
      listeners.set(element, tell);
      observer.observe(element);
      return () => {
        observer?.unobserve(element);
        listeners.delete(element);
      };
    };
  });
  return near;
}

type Ref = { current: HTMLDivElement | null };

/** Whoever is at the end stays there, whatever comes or is unfolded; whoever reads elsewhere is left in peace. */
function useEnd(box: Ref, inside: Ref, isBegun: boolean): { isAtEnd: boolean; toEnd(): void } {
  const [isAtEnd, setAtEnd] = useState(isBegun);
  const stays = useRef(isBegun);
  const toEnd = (): void => {
    if (box.current !== null) box.current.scrollTop = box.current.scrollHeight;
  };
  useLayoutEffect(() => {
    const [outer, inner] = [box.current, inside.current];
    if (outer === null || inner === null) return;
    let top = outer.scrollTop;
    const look = (): void => {
      const isNear = outer.scrollHeight - outer.scrollTop - outer.clientHeight < NEAR_THE_END;
      // What has just grown is not at its end before it is moved there: only who goes up leaves it.
      stays.current = isNear || (stays.current && outer.scrollTop >= top - 1);
      top = outer.scrollTop;
      setAtEnd(stays.current);
    };
    const observer = new ResizeObserver(() => stays.current && toEnd());
    observer.observe(inner);
    outer.addEventListener("scroll", look, { passive: true });
    if (stays.current) toEnd();
    return () => {
      observer.disconnect();
      outer.removeEventListener("scroll", look);
    };
  }, []);
  return { isAtEnd, toEnd };
}

/** Brings the moment that a link is about into view, once it is there. */
function useMarked(box: Ref, mark: string): void {
  const done = useRef(mark === "");
  useEffect(() => {
    if (done.current) return;
    const marked = box.current?.querySelector(".is-marked");
    if (marked === null || marked === undefined) return;
    done.current = true;
    marked.scrollIntoView({ block: "center" });
  });
}
