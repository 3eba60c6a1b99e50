/** What traffic says about the settings. */
import { useLoaded } from "../../api/loaded";
import type { Advice, AdviceAnswer } from "../../api/types";
import { Empty, Loading, Problem } from "../../components/notes";
import { plural, seconds } from "../../format";

interface AdviceProps {
  path: string;
  /** Fill the settings' form with a change. */
  onApply(change: Advice["change"]): void;
}

export function AdviceList({ path, onApply }: AdviceProps) {
  const { value, error } = useLoaded<AdviceAnswer>(`${path}/advice`, 15);
  if (value === null) return error === null ? <Loading /> : <Problem error={error} />;
  if (value.advice.length === 0) return <Empty title="Nothing to advise">{lookedAt(value)}</Empty>;
  return (
    <section class="stack" aria-label="Advice">
      {lookedAt(value)}
      {value.advice.map((one) => (
        <Item key={one.code} advice={one} onApply={onApply} />
      ))}
    </section>
  );
}

const lookedAt = ({ requests, seconds: long }: AdviceAnswer) => (
  <p class="soft">
    From {plural(requests, "request")} of the last {seconds(long)}
  </p>
);

function Item({ advice, onApply }: { advice: Advice; onApply: AdviceProps["onApply"] }) {
  const change = Object.entries(advice.change).map(([name, value]) => `${name} = ${String(value)}`);
  return (
    <article class="panel stack" aria-label={advice.title}>
      <h2>{advice.title}</h2>
      <p>{advice.text}</p>
      {advice.arithmetic.length > 0 && <pre class="arithmetic">{advice.arithmetic.join("\n")}</pre>}
      {change.length > 0 && (
        <div class="row">
          <button type="button" class="primary" onClick={() => onApply(advice.change)}>
            Apply
          </button>
          <span class="soft mono">{change.join(", ")}; fills the form, changes nothing yet</span>
        </div>
      )}
    </article>
  );
}
