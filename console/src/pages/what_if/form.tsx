/** What is tried: sliders, with a field beside each for what they do not reach. */
import { useId } from "preact/hooks";
import { Field } from "../../components/field";
import type { SettingValues } from "../../api/types";
import { type Draft, type Judged, type Setting, shown } from "../deployment/setting_fields";
import { reach } from "./comparing";

interface TriedProps {
  settings: Setting[];
  values: SettingValues;
  draft: Draft;
  judged: Judged;
  onDraft(draft: Draft): void;
}

export function Tried({ settings, values, draft, judged, onDraft }: TriedProps) {
  return (
    <>
      {settings.map((one) => (
        <Slider
          key={one.name}
          setting={one}
          text={shown(draft, values, one.name)}
          present={Number(values[one.name])}
          error={judged.faults[one.name] ?? ""}
          isChanged={one.name in judged.changes}
          onText={(text) => onDraft({ ...draft, [one.name]: text })}
        />
      ))}
    </>
  );
}

interface SliderProps {
  setting: Setting;
  text: string;
  present: number;
  error: string;
  isChanged: boolean;
  onText(text: string): void;
}

function Slider({ setting, text, present, error, isChanged, onText }: SliderProps) {
  const { low, high, step } = reach(setting, present);
  const list = useId();
  const now = `${present.toLocaleString("en")}${setting.unit === "%" ? "%" : setting.unit && ` ${setting.unit}`}`;
  return (
    <div class="slider">
      <Field
        label={setting.name}
        unit={setting.unit}
        hint={`${setting.meaning}; ${now} at present`}
        error={error}
        isChanged={isChanged}
        control={(ids) => (
          <input
            {...ids}
            type="number"
            inputMode="decimal"
            value={text}
            min={setting.low}
            max={setting.high}
            step={setting.type === "integer" ? 1 : "any"}
            onInput={(event) => onText(event.currentTarget.value)}
          />
        )}
      />
      <input
        type="range"
        aria-label={`${setting.name}, slider`}
        value={Number(text)}
        min={low}
        max={high}
        step={step}
        list={list}
        onInput={(event) => onText(event.currentTarget.value)}
      />
      <datalist id={list}>
        <option value={present} />
      </datalist>
    </div>
  );
}
