/** What traffic says about the settings. */
import { useLoaded } from "../../api/loaded";
import type { Advice, AdviceAnswer, Outlook } from "../../api/types";
import { Empty, Loading, Problem } from "../../components/notes";
import { type Column, Table } from "../../components/table";
import { plural, seconds } from "../../format";
import { type Compared, outlook } from "../what_if/comparing";

/** Simulating takes a second or so of a core, and the traffic of half an hour changes slowly. */
const SIMULATED_EVERY = 120;

interface AdviceProps {
  path: string;
  /** Fill the settings' form with a change. */
  onApply(change: Advice["change"]): void;
  /** Where a change is tried on recorded traffic. */
  linkTo(change: Advice["change"]): string;
}

export function AdviceList({ path, ...rest }: AdviceProps) {
  const { value, error } = useLoaded<AdviceAnswer>(`${path}/advice`, 15);
  const isOfSettings = value?.advice.some((one) => Object.keys(one.change).length > 0) ?? false;
  const simulated = useLoaded<AdviceAnswer>(isOfSettings ? `${path}/advice?simulate=true` : null, SIMULATED_EVERY);
  if (value === null) return error === null ? <Loading /> : <Problem error={error} />;
  if (value.advice.length === 0) return <Empty title="Nothing to advise">{lookedAt(value)}</Empty>;
  const told = simulated.value?.simulation ?? simulated.error?.message ?? "Simulating…";
  const isSimulating = isOfSettings && simulated.value === null && simulated.error === null;
  return (
    <section class="stack" aria-label="Advice" aria-busy={isSimulating}>
      {lookedAt(value)}
      {value.advice.map((one) => (
        <Item key={one.code} advice={one} seen={simulated.value?.advice.find((other) => isSame(one, other)) ?? one} {...rest} />
      ))}
      {isOfSettings && (
        <p class="soft" role="status">
          {told}
        </p>
      )}
    </section>
  );
}

const isSame = (one: Advice, other: Advice): boolean =>
  one.code === other.code && JSON.stringify(one.change) === JSON.stringify(other.change);

const lookedAt = ({ requests, seconds: long }: AdviceAnswer) => (
  <p class="soft">
    From {plural(requests, "request")} of the last {seconds(long)}
  </p>
);

interface ItemProps extends Omit<AdviceProps, "path"> {
  advice: Advice;
  /** The same with a simulated before and after, where there is one. */
  seen: Advice;
}

function Item({ advice, seen, onApply, linkTo }: ItemProps) {
  const change = Object.entries(advice.change).map(([name, value]) => `${name} = ${String(value)}`);
  return (
    <article class="panel stack" aria-label={advice.title}>
      <h2>{advice.title}</h2>
      <p>{advice.text}</p>
      {advice.arithmetic.length > 0 && <pre class="arithmetic">{advice.arithmetic.join("\n")}</pre>}
      {seen.before && seen.after && <Simulated title={advice.title} before={seen.before} after={seen.after} />}
      {change.length > 0 && (
        <div class="row">
          <button type="button" class="primary" onClick={() => onApply(advice.change)}>
            Apply
          </button>
          <a href={linkTo(advice.change)}>Try in What if</a>
          <span class="soft mono">{change.join(", ")}; fills the form, changes nothing yet</span>
        </div>
      )}
    </article>
  );
}

const COLUMNS: Column<Compared>[] = [
  { key: "label", label: "Simulated", cell: (one) => one.label },
  { key: "before", label: "before", isNumber: true, cell: (one) => one.before },
  { key: "after", label: "after", isNumber: true, cell: (one) => one.after },
  { key: "difference", label: "difference", isNumber: true, cell: (one) => <span class={one.tone}>{one.difference}</span> },
];

function Simulated({ title, before, after }: { title: string; before: Outlook; after: Outlook }) {
  return (
    <div class="outlook">
      <Table label={`Simulated: ${title}`} rows={outlook(before, after)} columns={COLUMNS} rowKey={(one) => one.label} />
    </div>
  );
}
