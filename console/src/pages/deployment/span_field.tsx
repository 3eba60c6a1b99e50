/** Chooses a time that has passed, and has the address say it. */
import { useState } from "preact/hooks";
import { Field } from "../../components/field";
import { replaceQuery } from "../../router";
import { type Span, betweenOf, lastOf, localOf, unixOf } from "./span";

interface SpanFieldProps {
  span: Span;
  choices: [seconds: number, words: string][];
  /** What no choice is called; where there is none, one is always made. */
  any?: string;
}

const BETWEEN = "between";

export function SpanField({ span, choices, any }: SpanFieldProps) {
  const isBetween = span.since !== null || span.until !== null;
  const [isAsked, setAsked] = useState(false);
  const chosen = isBetween || isAsked ? BETWEEN : String(span.seconds ?? "");
  const choose = (value: string): void => {
    setAsked(value === BETWEEN);
    if (value !== BETWEEN) replaceQuery(lastOf(value === "" ? null : Number(value)));
  };
  return (
    <>
      <Field
        label="Time"
        control={(ids) => (
          <select {...ids} value={chosen} onChange={(event) => choose(event.currentTarget.value)}>
            {any !== undefined && <option value="">{any}</option>}
            {choices.map(([value, words]) => (
              <option key={value} value={value}>
                last {words}
              </option>
            ))}
            <option value={BETWEEN}>between two instants</option>
          </select>
        )}
      />
      {chosen === BETWEEN && (
        <>
          <Instant label="From" at={span.since} onAt={(at) => replaceQuery(betweenOf(at, span.until))} />
          <Instant label="Until" at={span.until} onAt={(at) => replaceQuery(betweenOf(span.since, at))} />
        </>
      )}
    </>
  );
}

function Instant({ label, at, onAt }: { label: string; at: number | null; onAt(at: number | null): void }) {
  return (
    <Field
      label={label}
      control={(ids) => (
        <input {...ids} class="instant" type="datetime-local" step={1} value={localOf(at)} onChange={(event) => onAt(unixOf(event.currentTarget.value))} />
      )}
    />
  );
}
