/** Before the first line: more of the past, as long as the page can keep it. */
import { plural } from "../../../format";
import { type Filters, TAILS, tailOf } from "./filters";

interface OlderProps {
  lines: number;
  filters: Filters;
  onChange(next: Partial<Filters>): void;
}

export function Older({ lines, filters, onChange }: OlderProps) {
  const next = TAILS.find((one) => one > tailOf(filters));
  if (lines < tailOf(filters)) return null;
  if (next === undefined) return <p class="soft log-older">Older lines are not shown: name a window of time, or download them.</p>;
  return (
    <p class="log-older">
      <button type="button" onClick={() => onChange({ tail: next })}>
        Show {plural(next, "line")}
      </button>
    </p>
  );
}
