/** One setting: a field for its value as people write it, or a choice. */
import { Field } from "../../components/field";
import { type Setting, faultOf, isNumber, told, valueOf } from "./setting_fields";

interface SettingFieldProps {
  setting: Setting;
  text: string;
  error: string;
  isChanged: boolean;
  /** What somebody else has set meanwhile; empty: nothing. */
  elsewhere: string;
  onText(text: string): void;
}

export function SettingField({ setting, text, error, isChanged, elsewhere, onText }: SettingFieldProps) {
  const { name, type, choices } = setting;
  const hint = (
    <>
      {elsewhere && <b class="warn">{elsewhere} elsewhere meanwhile; </b>}
      {hintOf(setting, text, error)}
    </>
  );
  const common = { label: name, hint, error, isChanged };
  if (isNumber(setting))
    return (
      <Field
        {...common}
        control={(ids) => (
          <input
            {...ids}
            class="quantity"
            inputMode={setting.unit === "" || setting.unit === "%" ? "numeric" : "text"}
            autoComplete="off"
            spellcheck={false}
            value={text}
            onInput={(event) => onText(event.currentTarget.value)}
            onKeyDown={(event) => step(event, setting, text, onText)}
            onBlur={() => tidy(setting, text, error, onText)}
          />
        )}
      />
    );
  const options = type === "boolean" ? ["false", "true"] : choices;
  return (
    <Field
      {...common}
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

/** As it is written everywhere, once it is left. */
function tidy(setting: Setting, text: string, error: string, onText: (text: string) => void): void {
  const tidied = error === "" ? told(setting, valueOf(setting, text)) : text;
  if (tidied !== text) onText(tidied);
}

/** The arrows count up and down what is counted, as in a field for numbers. */
function step(event: KeyboardEvent, setting: Setting, text: string, onText: (text: string) => void): void {
  const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
  if (by === undefined || (setting.unit !== "" && setting.unit !== "%") || faultOf(setting, text) !== "") return;
  event.preventDefault();
  const next = Number(valueOf(setting, text)) + by;
  if (next >= (setting.low ?? next) && next <= (setting.high ?? next)) onText(told(setting, next));
}

function hintOf(setting: Setting, text: string, error: string): string {
  const { meaning, initial, low, high } = setting;
  const bounds = low !== undefined && high !== undefined ? `, ${told(setting, low)} to ${told(setting, high)}` : "";
  const hint = `${meaning}; ${told(setting, initial)} by default${bounds}`;
  if (!isNumber(setting) || error !== "") return hint;
  const meant = told(setting, valueOf(setting, text));
  return meant === text.trim() ? hint : `= ${meant}; ${hint}`;
}
