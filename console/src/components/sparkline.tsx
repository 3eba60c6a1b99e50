const WIDTH = 90;
const HEIGHT = 20;

/** The points of a line through `values` in a box, its foot at zero. */
export function linePoints(values: readonly number[], width: number, height: number): string {
  const top = Math.max(...values, Number.MIN_VALUE);
  const step = width / Math.max(1, values.length - 1);
  return values
    .map((value, place) => `${(place * step).toFixed(1)},${(height - 1 - (value / top) * (height - 2)).toFixed(1)}`)
    .join(" ");
}

export function Sparkline({ values, label }: { values: readonly number[]; label: string }) {
  return (
    <svg class="sparkline" width={WIDTH} height={HEIGHT} role="img" aria-label={label}>
      {values.length > 1 && <polyline points={linePoints(values, WIDTH, HEIGHT)} />}
    </svg>
  );
}
