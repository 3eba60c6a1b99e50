import { seconds } from "../../format";
import type { Span } from "./timing";

/** One bar, each stage as wide as it took; `total` (seconds) is the whole width. */
export function SpanBar({ spans, total }: { spans: Span[]; total: number }) {
  return (
    <span class="spans" role="img" aria-label={wordsOf(spans)}>
      {spans.map((one) => (
        <span
          key={one.stage}
          title={`${one.stage} ${seconds(one.seconds)}`}
          style={{ background: `var(--${one.stage})`, width: `${(100 * one.seconds) / Math.max(total, 1e-9)}%` }}
        />
      ))}
    </span>
  );
}

/** Each stage on a line of its own, its bar where the one before ended. */
export function Waterfall({ spans }: { spans: Span[] }) {
  const total = spans.reduce((sum, one) => sum + one.seconds, 0);
  const begins = spans.map((_, place) => spans.slice(0, place).reduce((sum, one) => sum + one.seconds, 0));
  if (spans.length === 0) return <p class="soft">No stage has been timed.</p>;
  return (
    <dl class="fall" aria-label="Waterfall">
      {spans.map((one, place) => (
        <div key={one.stage}>
          <dt>{one.stage}</dt>
          <dd class="fall-track">
            <span
              style={{
                background: `var(--${one.stage})`,
                marginLeft: `${(100 * (begins[place] ?? 0)) / total}%`,
                width: `${(100 * one.seconds) / total}%`,
              }}
            />
          </dd>
          <dd class="number">{seconds(one.seconds)}</dd>
        </div>
      ))}
    </dl>
  );
}

const wordsOf = (spans: Span[]): string =>
  spans.length === 0 ? "not timed" : spans.map((one) => `${one.stage} ${seconds(one.seconds)}`).join(", ");
