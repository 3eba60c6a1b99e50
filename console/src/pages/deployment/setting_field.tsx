import { Field, NumberField } from "../../components/field";
import type { Setting } from "./setting_fields";

interface SettingFieldProps {
  setting: Setting;
  text: string;
  error: string;
  isChanged: boolean;
  onText(text: string): void;
}

export function SettingField({ setting, text, error, isChanged, onText }: SettingFieldProps) {
  const { name, type, low, high, choices } = setting;
  const hint = hintOf(setting);
  if (type === "integer" || type === "number")
    return (
      <NumberField
        label={name}
        value={text}
        unit={setting.unit}
        hint={hint}
        error={error}
        isChanged={isChanged}
        low={low}
        high={high}
        step={type === "integer" ? 1 : "any"}
        onValue={onText}
      />
    );
  const options = type === "boolean" ? ["false", "true"] : choices;
  return (
    <Field
      label={name}
      hint={hint}
      error={error}
      isChanged={isChanged}
      control={(ids) => (
        <select {...ids} value={text} onChange={(event) => onText(event.currentTarget.value)}>
          {options.map((one) => (
            <option key={one} value={one}>
              {one}
            </option>
          ))}
        </select>
      )}
    />
  );
}

function hintOf({ meaning, initial, low, high }: Setting): string {
  const bounds = low !== undefined && high !== undefined ? `, ${low.toLocaleString("en")} to ${high.toLocaleString("en")}` : "";
  return `${meaning}; ${typeof initial === "number" ? initial.toLocaleString("en") : String(initial)} by default${bounds}`;
}
