/** What lines are looked for by. What is typed counts a moment after, or with Enter. */
import { useEffect, useRef, useState } from "preact/hooks";
import { Field, TextField } from "../../../components/field";
import { LEVELS } from "./entries";
import { type Filters, instantOf } from "./filters";

const PAUSE = 500;
const AGO = [
  { label: "10 min", milliseconds: 600_000 },
  { label: "1 h", milliseconds: 3_600_000 },
  { label: "24 h", milliseconds: 86_400_000 },
];

interface FilterFormProps {
  filters: Filters;
  names: string[];
  problem: string;
  onChange(next: Partial<Filters>): void;
}

export function FilterForm({ filters, names, problem, onChange }: FilterFormProps) {
  const [isOpen, setOpen] = useState(false);
  const more = [filters.request, filters.since, filters.until].filter((one) => one !== "").length;
  return (
    <form class="log-filters" aria-label="Which lines" onSubmit={(event) => event.preventDefault()}>
      <div class="row">
        <Typed type="search" label={filters.isRegex ? "Regular expression" : "Text"} value={filters.text} error={problem} onValue={(text) => onChange({ text })} />
        <Check label="regex" isOn={filters.isRegex} onChange={(isRegex) => onChange({ isRegex })} />
        <Choice
          label="Level"
          value={filters.level}
          options={LEVELS.map((one) => [one, one === "critical" || one === "debug" ? one : `${one} and above`])}
          onValue={(level) => onChange({ level: LEVELS.find((one) => one === level) ?? "" })}
        />
        <Choice label="Replica" value={filters.replica} options={names.map((one) => [one, one])} onValue={(replica) => onChange({ replica })} />
        <button type="button" class="log-more" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          {isOpen ? "Fewer filters" : `More filters${more > 0 ? ` (${more} set)` : ""}`}
        </button>
        <div class={isOpen ? "log-rest is-open" : "log-rest"}>
          <Typed label="Request" value={filters.request} placeholder="its id" onValue={(request) => onChange({ request })} />
        </div>
      </div>
      <div class={isOpen ? "row log-rest is-open" : "row log-rest"}>
        <Instant label="From" value={filters.since} onValue={(since) => onChange({ since })} />
        <span class="choices" role="group" aria-label="Since">
          {AGO.map((one) => (
            <button key={one.label} type="button" onClick={() => onChange({ since: new Date(Date.now() - one.milliseconds).toISOString(), until: "", mark: "" })}>
              {one.label}
            </button>
          ))}
          <button type="button" disabled={filters.since === "" && filters.until === ""} onClick={() => onChange({ since: "", until: "", mark: "" })}>
            all time
          </button>
        </span>
        <Instant label="To" value={filters.until} onValue={(until) => onChange({ until })} />
        <Check
          label="follow"
          isOn={filters.follow}
          title={filters.until === "" ? "" : "A window that has an end is not followed"}
          isDisabled={filters.until !== ""}
          onChange={(follow) => onChange({ follow })}
        />
        <Check label="unfold tracebacks" isOn={filters.unfold} onChange={(unfold) => onChange({ unfold })} />
      </div>
    </form>
  );
}

interface TypedProps {
  label: string;
  type?: "text" | "search";
  value: string;
  placeholder?: string;
  error?: string;
  onValue(value: string): void;
}

function Typed({ value, onValue, ...rest }: TypedProps) {
  const [typed, setTyped] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout>>();
  useEffect(() => setTyped(value), [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const settle = (next: string, pause: number): void => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => next !== value && onValue(next), pause);
  };
  return (
    <div class="grow" onKeyDown={(event) => event.key === "Enter" && settle(typed, 0)}>
      <TextField {...rest} value={typed} onValue={(next) => (setTyped(next), settle(next, PAUSE))} />
    </div>
  );
}

/** Takes `10m`, a clock's time or a date, and shows the instant that is meant. */
function Instant({ label, value, onValue }: { label: string; value: string; onValue(value: string): void }) {
  const [typed, setTyped] = useState(value);
  const [error, setError] = useState("");
  useEffect(() => (setTyped(value), setError("")), [value]);
  const settle = (): void => {
    const meant = typed.trim() === "" ? "" : instantOf(typed, new Date());
    if (meant === null) return setError("write 10m, 2h, 14:05 or 2026-01-31T12:00, in UTC");
    setError("");
    if (meant !== value) onValue(meant);
  };
  return (
    <div class="log-instant" onFocusOut={settle} onKeyDown={(event) => event.key === "Enter" && settle()}>
      <TextField label={label} value={typed} error={error} placeholder="10m, 14:05 or a date" onValue={setTyped} />
    </div>
  );
}

interface ChoiceProps {
  label: string;
  value: string;
  options: [value: string, label: string][];
  onValue(value: string): void;
}

function Choice({ label, value, options, onValue }: ChoiceProps) {
  return (
    <Field
      label={label}
      control={(ids) => (
        <select {...ids} value={value} onChange={(event) => onValue(event.currentTarget.value)}>
          <option value="">all</option>
          {options.map(([one, text]) => (
            <option key={one} value={one}>
              {text}
            </option>
          ))}
        </select>
      )}
    />
  );
}

interface CheckProps {
  label: string;
  isOn: boolean;
  isDisabled?: boolean;
  title?: string;
  onChange(isOn: boolean): void;
}

function Check({ label, isOn, isDisabled = false, title = "", onChange }: CheckProps) {
  return (
    <label title={title}>
      <input type="checkbox" checked={isOn} disabled={isDisabled} onChange={(event) => onChange(event.currentTarget.checked)} /> {label}
    </label>
  );
}
