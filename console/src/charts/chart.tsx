/** A chart over time, with the style's colours, as they are at present. */
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import "./chart.css";
import { useStore } from "../api/store";
import type { Series } from "../api/types";
import { useWidth } from "../components/size";
import { clock } from "../format";
import { paint } from "../paint";
import { type Drawn, HEIGHT, optionsOf } from "./options";
import { known, summary } from "./summary";
import type { Unit } from "./units";

export interface Line {
  label: string;
  /** A custom property of the style, without its dashes. */
  colour: string;
  values: Series;
  isDashed?: boolean;
  isStepped?: boolean;
  /** Each value is a dot too, since its neighbours may not be known. */
  isDotted?: boolean;
  isFaint?: boolean;
}

export interface Mark {
  at: number;
  text: string;
}

interface ChartProps {
  label: string;
  at: number[];
  lines: Line[];
  unit: Unit;
  /** How an instant is written; without it, as the time of the day. */
  time?: Unit;
  /** Seconds that are shown, up to `until`, or the last of `at`. */
  range: number;
  until?: number | undefined;
  marks?: Mark[];
  /** What its last values are called in words. */
  end?: string;
  /** What is said where there is nothing to draw. */
  nothing?: string;
  /** Charts with the same have one cursor. */
  cursor?: string;
  /** Told the time that is dragged over. */
  onSelect?: ((since: number, until: number) => void) | undefined;
}

export function Chart(props: ChartProps) {
  const { label, at, lines, unit, range, until, marks = [], end = "now", nothing = "Nothing is known of this time", onSelect } = props;
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const width = useWidth(holder);
  const painted = useStore(paint);
  const kinds = lines.map((one) => one.label).join();
  const places = known(lines);
  const isEmpty = places.length === 0;
  const data: uPlot.AlignedData = [at, ...lines.map((one) => one.values)];
  const drawn = useRef<Drawn>({ range, until, marks, onSelect });
  drawn.current = { range, until, marks, onSelect };
  useEffect(() => {
    if (holder.current === null || width === 0 || isEmpty) return;
    const made = new uPlot(optionsOf(props, () => drawn.current, width), data, holder.current);
    plot.current = made;
    return () => {
      plot.current = null;
      made.destroy();
    };
  }, [kinds, painted, range, width === 0, isEmpty, onSelect === undefined]);
  useEffect(() => plot.current?.setData(data), [at, lines, until]);
  useEffect(() => plot.current?.setSize({ width, height: HEIGHT }), [width]);
  const only = places.length === 1 ? at[places[0] ?? 0] : undefined;
  const instant = props.time?.format ?? clock;
  return (
    <figure class="panel chart" aria-label={label}>
      <h2>
        {label}
        {only !== undefined && <small> one point so far, at {instant(only)}</small>}
      </h2>
      {isEmpty && <p class="nothing">{nothing}</p>}
      <div class={isEmpty ? "plot is-empty" : "plot"} ref={holder} role="img" aria-label={summary(label, lines, unit.format, end)} />
    </figure>
  );
}
