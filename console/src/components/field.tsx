/** A labelled control with its unit, its bounds in words and its error. */
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

interface FieldProps {
  label: string;
  unit?: string;
  hint?: ComponentChildren;
  error?: string;
  /** Differs from what is in force. */
  isChanged?: boolean;
  control(ids: { id: string; "aria-describedby": string; "aria-invalid": boolean }): ComponentChildren;
}

export function Field({ label, unit = "", hint, error = "", isChanged = false, control }: FieldProps) {
  const id = useId();
  return (
    <div class={isChanged ? "field is-changed" : "field"}>
      <label for={id}>{label}</label>
      <div class="control">
        {control({ id, "aria-describedby": `${id}-hint`, "aria-invalid": error !== "" })}
        {unit && <span class="unit">{unit}</span>}
      </div>
      <small id={`${id}-hint`} class={error ? "bad" : ""}>
        {error || hint}
      </small>
    </div>
  );
}

export interface NumberFieldProps {
  label: string;
  value: string;
  unit?: string;
  hint?: ComponentChildren;
  error?: string;
  isChanged?: boolean;
  low?: number | undefined;
  high?: number | undefined;
  step?: number | "any";
  onValue(value: string): void;
}

/** Its value is text, as it is typed: what it means is the form's to judge. */
export function NumberField({ value, low, high, step = "any", onValue, ...rest }: NumberFieldProps) {
  return (
    <Field
      {...rest}
      control={(ids) => (
        <input
          {...ids}
          type="number"
          inputMode="decimal"
          value={value}
          min={low}
          max={high}
          step={step}
          onInput={(event) => onValue(event.currentTarget.value)}
        />
      )}
    />
  );
}

export interface TextFieldProps {
  label: string;
  value: string;
  type?: "text" | "password" | "search";
  hint?: ComponentChildren;
  error?: string;
  placeholder?: string;
  onValue(value: string): void;
}

export function TextField({ value, type = "text", placeholder = "", onValue, ...rest }: TextFieldProps) {
  return (
    <Field
      {...rest}
      control={(ids) => (
        <input
          {...ids}
          type={type}
          value={value}
          placeholder={placeholder}
          autoComplete="off"
          spellcheck={false}
          onInput={(event) => onValue(event.currentTarget.value)}
        />
      )}
    />
  );
}
