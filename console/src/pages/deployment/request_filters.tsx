/** What requests can be found by. Each choice is in the address. */
import { useState } from "preact/hooks";
import { STAGES } from "../../api/stages";
import type { Requests } from "../../api/types";
import { Field, TextField } from "../../components/field";
import { count } from "../../format";
import { Unreadable, read, written } from "../../quantities";
import { changedHash, replaceQuery } from "../../router";
import { type Filter, NO_FILTERS, ORDERS, type RequestQuery, isFiltered, statusChoices } from "./request_query";
import { FIRST } from "./span";
import { SpanField } from "./span_field";

const SPANS: [number, string][] = [
  [60, "minute"],
  [300, "5 minutes"],
  [900, "15 minutes"],
  [3600, "hour"],
  [21_600, "6 hours"],
  [86_400, "24 hours"],
];

export const words = (name: string): string => name.replace("_", " ");

const ORDER_WORDS: Record<string, string> = {
  ended_at: "ended last",
  arrived_at: "arrived last",
  seconds: "took longest",
  first_byte: "longest to first byte",
};

export function RequestFilters({ query, found }: { query: RequestQuery; found: Requests | null }) {
  const [isOpen] = useState(() => isFiltered(query) || !matchMedia("(max-width: 700px)").matches);
  const { status, outcome, replica } = found?.counts ?? { status: {}, outcome: {}, replica: {} };
  return (
    <search class="filters" aria-label="Find requests">
      <Outcomes chosen={query.outcome} counts={outcome} kept={found?.kept ?? null} />
      <details open={isOpen}>
        <summary>Filters and order</summary>
        <div class="row">
        <Choice name="status" label="Status" chosen={query.status} choices={statusChoices(status)} />
        <Choice name="stage" label="Ended or longest in" chosen={query.stage} choices={STAGES.map((one) => [one, null])} />
        <Choice name="replica" label="Replica" chosen={query.replica} choices={Object.entries(replica)} />
        <SlowerThan seconds={query.slowerThan} />
        <Typed label="Id has" value={query.id} onValue={(id) => replaceQuery({ id, ...FIRST })} />
        <SpanField span={query.span} choices={SPANS} any="any time" />
        <Field
          label="Order"
          control={(ids) => (
            <select {...ids} value={query.sortBy} onChange={(event) => replaceQuery({ sort_by: event.currentTarget.value, ...FIRST })}>
              {ORDERS.map((one) => (
                <option key={one} value={one}>
                  {ORDER_WORDS[one] ?? `longest ${words(one)}`}
                </option>
              ))}
            </select>
          )}
        />
        <label class="check">
          <input type="checkbox" checked={query.isEachOnItsOwn} onChange={(event) => replaceQuery({ bars: event.currentTarget.checked ? "own" : "" })} />
          each bar on its own scale
        </label>
        {isFiltered(query) && <a href={changedHash(location.hash, NO_FILTERS)}>Clear filters</a>}
        </div>
      </details>
    </search>
  );
}

/** The first thing that is asked in overload: those that were not refused. */
function Outcomes({ chosen, counts, kept }: { chosen: string[]; counts: Record<string, number>; kept: number | null }) {
  const names = [...new Set([...Object.keys(counts), ...chosen])].sort();
  const choose = (outcome: string): void => replaceQuery({ outcome, ...FIRST });
  return (
    <fieldset class="choices">
      <legend class="hidden">Outcome</legend>
      <button type="button" aria-pressed={chosen.length === 0} onClick={() => choose("")}>
        all <span class="soft">{count(kept)}</span>
      </button>
      {names.map((one) => (
        <button key={one} type="button" aria-pressed={chosen.includes(one)} onClick={() => choose(toggled(chosen, one))}>
          {one} <span class="soft">{count(counts[one] ?? 0)}</span>
        </button>
      ))}
    </fieldset>
  );
}

const toggled = (chosen: string[], one: string): string =>
  (chosen.includes(one) ? chosen.filter((other) => other !== one) : [...chosen, one]).join();

function Choice({ name, label, chosen, choices }: { name: Filter; label: string; chosen: string[]; choices: [string, number | null][] }) {
  const value = chosen.join();
  const known = choices.some(([one]) => one === value);
  return (
    <Field
      label={label}
      control={(ids) => (
        <select {...ids} value={value} onChange={(event) => replaceQuery({ [name]: event.currentTarget.value, ...FIRST })}>
          <option value="">any</option>
          {!known && value !== "" && <option value={value}>{chosen.map(words).join(" or ")}</option>}
          {choices.map(([one, number]) => (
            <option key={one} value={one}>
              {words(one)}
              {number !== null && ` (${count(number)})`}
            </option>
          ))}
        </select>
      )}
    />
  );
}

function SlowerThan({ seconds }: { seconds: number | null }) {
  const [error, setError] = useState("");
  const take = (text: string): void => {
    const value = text === "" ? null : read(text, "s");
    setError(value instanceof Unreadable ? value.fault : "");
    if (!(value instanceof Unreadable)) replaceQuery({ slower_than: value === null ? "" : String(value), ...FIRST });
  };
  return <Typed label="Slower than" value={seconds === null ? "" : written(seconds, "s")} placeholder="500 ms" error={error} onValue={take} />;
}

interface TypedProps {
  label: string;
  value: string;
  placeholder?: string;
  error?: string;
  onValue(value: string): void;
}

/** Its value counts when it is left, or with Enter. */
function Typed({ value, onValue, ...rest }: TypedProps) {
  const [typed, setTyped] = useState<string | null>(null);
  const take = (): void => {
    if (typed !== null && typed.trim() !== value) onValue(typed.trim());
    setTyped(null);
  };
  return (
    <form
      onFocusOut={take}
      onSubmit={(event) => {
        event.preventDefault();
        take();
      }}
    >
      <TextField {...rest} value={typed ?? value} onValue={setTyped} />
    </form>
  );
}
