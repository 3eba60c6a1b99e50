/** How uPlot is to draw a chart. */
import uPlot from "uplot";
import type { Series } from "../api/types";
import { clock, minute } from "../format";
import { colour } from "../paint";
import type { Line, Mark } from "./chart";
import { known, lone } from "./summary";
import type { Unit } from "./units";

/** What may change while a chart stays. */
export interface Drawn {
  range: number;
  until: number | undefined;
  marks: Mark[];
  onSelect: ((since: number, until: number) => void) | undefined;
}

interface Looks {
  lines: Line[];
  unit: Unit;
  time?: Unit;
  cursor?: string;
}

export const HEIGHT = 190;
const FONT = "11px system-ui";
const MINUTE = 60;
/** So that charts below each other begin at one place, most of the time. */
const NARROWEST = 60;

export function optionsOf({ lines, unit, time, cursor }: Looks, drawn: () => Drawn, width: number): uPlot.Options {
  const times = time?.labels ?? ((ticks: readonly number[]) => ticks.map(ticks.every((one) => one % MINUTE === 0) ? minute : clock));
  const instant = time?.format ?? clock;
  const [soft, line, accent] = [colour("soft"), colour("line"), colour("accent")];
  const axis = { stroke: soft, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 }, font: FONT };
  const steps = unit.steps === undefined ? {} : { incrs: unit.steps };
  return {
    width,
    height: HEIGHT,
    scales: {
      x: { range: (_plot, _low, high) => [(drawn().until ?? high) - drawn().range, drawn().until ?? high] },
      y: { range: (_plot, _low, high) => [0, high > 0 ? high * 1.1 : 1] },
    },
    axes: [
      { ...axis, space: apart, values: (_plot, ticks) => times(ticks) },
      { ...axis, ...steps, space: 24, size: wideEnough, values: (_plot, ticks) => unit.labels(ticks) },
    ],
    series: [{ label: "at", value: (_plot, at: number | null) => (at === null ? "–" : instant(at)) }, ...lines.map((one) => seriesOf(one, unit))],
    cursor: { points: { size: 5 }, drag: { x: drawn().onSelect !== undefined, y: false, setScale: false }, ...(cursor === undefined ? {} : { sync: shared(cursor) }) },
    hooks: { draw: [(plot) => drawMarks(plot, drawn().marks, accent), tellLast], setCursor: [tellLast], setSelect: [(plot) => tell(plot, drawn().onSelect)] },
  };
}

/** Another chart's pointer is shown, and nothing of what it presses. */
const shared = (key: string): uPlot.Cursor.Sync => ({ key, setSeries: false, filters: { pub: (type) => type === "mousemove" || type === "mouseleave" } });

/** So that instants stand apart in any language. Those with seconds are longer; closer than half a minute they have some. */
function apart(_plot: uPlot, _place: number, low: number, high: number, pixels: number): number {
  const [short, long] = [minute, clock].map((of) => of(high).length * 6 + 14) as [number, number];
  return (short * (high - low)) / pixels > MINUTE / 2 ? short : long;
}

/** As wide as its longest label, which is known once there are ticks. */
function wideEnough(plot: uPlot, labels: string[] | null, place: number, cycle: number): number {
  const axis = plot.axes[place] as uPlot.Axis & { _size?: number };
  if (cycle > 1 && axis._size !== undefined) return axis._size;
  const { ctx } = plot;
  ctx.save();
  ctx.font = FONT;
  const widest = (labels ?? []).reduce((most, one) => Math.max(most, ctx.measureText(one).width), 0);
  ctx.restore();
  return Math.max(NARROWEST, Math.ceil(widest) + (axis.ticks?.size ?? 0) + (axis.gap ?? 0) + 4);
}

function seriesOf(one: Line, unit: Unit): uPlot.Series {
  const series: uPlot.Series = {
    label: one.label,
    stroke: colour(one.colour),
    width: 1.5,
    points: { show: false, filter: () => lone(one.values) },
    value: (_plot, value: number | null) => (value === null ? "–" : unit.format(value)),
  };
  if (one.isDotted) series.points = { show: true, size: 3, fill: colour(one.colour) };
  if (one.isFaint) series.alpha = 0.4;
  if (one.isDashed) series.dash = [5, 4];
  const paths = one.isStepped ? uPlot.paths.stepped?.({ align: 1 }) : undefined;
  if (paths !== undefined) series.paths = paths;
  return series;
}

/** While nothing is pointed at, the legend has the last values. */
function tellLast(plot: uPlot): void {
  if ((plot.cursor.idx ?? null) !== null) return;
  const last = known(plot.data.slice(1).map((values) => ({ values: [...values] as Series }))).at(-1);
  if (last !== undefined) plot.setLegend({ idx: last }, false);
}

function tell(plot: uPlot, told: Drawn["onSelect"]): void {
  const { left, width } = plot.select;
  if (width === 0 || told === undefined) return;
  const [since, until] = [plot.posToVal(left, "x"), plot.posToVal(left + width, "x")];
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  told(since, until);
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
