/** A chart over time, with the style's colours, as they are at present. */
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import "./chart.css";
import { useStore } from "../api/store";
import type { Series } from "../api/types";
import { useWidth } from "../components/size";
import { clock, minute } from "../format";
import { colour, paint } from "../paint";
import { lone, summary } from "./summary";

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
  format(value: number): string;
  /** How an instant is written; without it, as the time of the day. */
  time?(at: number): string;
  /** Seconds that are shown, up to the last of `at`. */
  range: number;
  marks?: Mark[];
  /** What its last values are called in words. */
  end?: string;
  /** Told the time that is dragged over. */
  onSelect?: ((since: number, until: number) => void) | undefined;
}

const HEIGHT = 190;

export function Chart(props: ChartProps) {
  const { label, at, lines, format, range, marks = [], end = "now", onSelect } = props;
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const marked = useRef(marks);
  const selected = useRef(onSelect);
  const width = useWidth(holder);
  const painted = useStore(paint);
  const kinds = lines.map((one) => one.label).join();
  const data: uPlot.AlignedData = [at, ...lines.map((one) => one.values)];
  marked.current = marks;
  selected.current = onSelect;
  useEffect(() => {
    if (holder.current === null || width === 0) return;
    const options = optionsOf(props, () => marked.current, width);
    if (selected.current !== undefined) letSelect(options, (since, until) => selected.current?.(since, until));
    const made = new uPlot(options, data, holder.current);
    plot.current = made;
    return () => {
      plot.current = null;
      made.destroy();
    };
  }, [kinds, painted, range, width === 0]);
  useEffect(() => plot.current?.setData(data), [at, lines]);
  useEffect(() => plot.current?.setSize({ width, height: HEIGHT }), [width]);
  return (
    <figure class="panel chart" aria-label={label}>
      <h2>{label}</h2>
      <div class="plot" ref={holder} role="img" aria-label={summary(label, lines, format, end)} />
    </figure>
  );
}

function optionsOf({ lines, format, range, time }: ChartProps, marks: () => Mark[], width: number): uPlot.Options {
  const tick = time ?? (range > 900 ? minute : clock);
  const instant = time ?? clock;
  const [soft, line, accent] = [colour("soft"), colour("line"), colour("accent")];
  const axis = { stroke: soft, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 }, font: "11px system-ui" };
  return {
    width,
    height: HEIGHT,
    scales: {
      x: { range: (_plot, _low, high) => [high - range, high] },
      y: { range: (_plot, _low, high) => [0, high > 0 ? high * 1.1 : 1] },
    },
    axes: [{ ...axis, space: 70, values: (_plot, ticks) => ticks.map(tick) }, { ...axis, size: 58, values: (_plot, ticks) => ticks.map(format) }],
    series: [{ label: "at", value: (_plot, at: number | null) => (at === null ? "–" : instant(at)) }, ...lines.map((one) => seriesOf(one, format))],
    cursor: { points: { size: 5 }, drag: { x: false, y: false } },
    hooks: { draw: [(plot) => drawMarks(plot, marks(), accent)] },
  };
}

function seriesOf(one: Line, format: (value: number) => string): uPlot.Series {
  const series: uPlot.Series = {
    label: one.label,
    stroke: colour(one.colour),
    width: 1.5,
    points: { show: false, filter: () => lone(one.values) },
    value: (_plot, value: number | null) => (value === null ? "–" : format(value)),
  };
  if (one.isDotted) series.points = { show: true, size: 3, fill: colour(one.colour) };
  if (one.isFaint) series.alpha = 0.4;
  if (one.isDashed) series.dash = [5, 4];
  const paths = one.isStepped ? uPlot.paths.stepped?.({ align: 1 }) : undefined;
  if (paths !== undefined) series.paths = paths;
  return series;
}

function letSelect(options: uPlot.Options, told: (since: number, until: number) => void): void {
  options.cursor = { ...options.cursor, drag: { x: true, y: false, setScale: false } };
  const selected = (plot: uPlot): void => {
    const { left, width } = plot.select;
    if (width === 0) return;
    told(plot.posToVal(left, "x"), plot.posToVal(left + width, "x"));
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  };
  options.hooks = { ...options.hooks, setSelect: [selected] };
}

function drawMarks(plot: uPlot, marks: Mark[], stroke: string): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.fillStyle = stroke;
  for (const { at } of marks) {
    const x = plot.valToPos(at, "x", true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.globalAlpha = 0.35;
    ctx.fillRect(x, bbox.top, 1, bbox.height);
    ctx.globalAlpha = 1;
    ctx.beginPath();
    ctx.moveTo(x - 4, bbox.top);
    ctx.lineTo(x + 4, bbox.top);
    ctx.lineTo(x, bbox.top + 6);
    ctx.fill();
  }
  ctx.restore();
}
