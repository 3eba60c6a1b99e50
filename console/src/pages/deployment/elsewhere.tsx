/** Somebody else has changed the settings meanwhile: theirs and mine, field by field, to choose from. */
import { useState } from "preact/hooks";
import { useLoaded } from "../../api/loaded";
import type { Change, SettingValue } from "../../api/types";
import { ago } from "../../format";
import { byWhom } from "../history/changes";
import { type Choices, type Moved, type Side, isDecided } from "./conflict";
import { told } from "./setting_fields";

interface ElsewhereProps {
  /** Of the API. */
  path: string;
  moved: Moved[];
  onSettle(choices: Choices): void;
  onDrop(): void;
}

export function Elsewhere({ path, moved, onSettle, onDrop }: ElsewhereProps) {
  const [choices, setChoices] = useState<Choices>({});
  const { value } = useLoaded<{ changes: Change[] }>(`${path}/changes?limit=100`, 5);
  const clashes = moved.filter((one) => one.isClash);
  const rest = moved.filter((one) => !one.isClash);
  const choose = (name: string, side: Side): void => setChoices((before) => ({ ...before, [name]: side }));
  const all = (side: Side): void => setChoices(Object.fromEntries(clashes.map((one) => [one.setting.name, side])));
  const whose = (one: Moved): string => authorOf(value?.changes ?? [], one.setting.name, Date.now());
  return (
    <section class="note elsewhere" aria-label="Changed elsewhere">
      <p role="alert">
        <strong class="warn">Changed elsewhere since you began.</strong>{" "}
        {clashes.length > 0 ? "Choose what is to hold; nothing is applied before." : "None of it is what you changed."}
      </p>
      {clashes.map((one) => (
        <Clash key={one.setting.name} moved={one} whose={whose(one)} chosen={choices[one.setting.name]} onChoose={choose} />
      ))}
      {rest.length > 0 && (
        <ul>
          {rest.map((one) => (
            <li key={one.setting.name}>
              <span class="mono">{one.setting.name}</span> {sideOf(one)} <small>{one.mine === null && whose(one)}</small>
            </li>
          ))}
        </ul>
      )}
      <div class="row">
        {clashes.length > 1 && (
          <>
            <button type="button" onClick={() => all("theirs")}>
              All theirs
            </button>
            <button type="button" onClick={() => all("mine")}>
              All mine
            </button>
          </>
        )}
        <button type="button" class="primary" disabled={!isDecided(moved, choices)} onClick={() => onSettle(choices)}>
          Go on with these
        </button>
        <button type="button" onClick={onDrop}>
          Drop mine
        </button>
      </div>
    </section>
  );
}

interface ClashProps {
  moved: Moved;
  whose: string;
  chosen: Side | undefined;
  onChoose(name: string, side: Side): void;
}

function Clash({ moved: { setting, base, theirs, mine }, whose, chosen, onChoose }: ClashProps) {
  const sides: [Side, string, string][] = [
    ["theirs", valueText(setting, theirs), whose],
    ["mine", mine ?? "", ""],
  ];
  return (
    <fieldset>
      <legend>
        <span class="mono">{setting.name}</span> <small>was {valueText(setting, base)}</small>
      </legend>
      {sides.map(([side, text, note]) => (
        <label key={side} class={chosen === side ? "is-chosen" : ""}>
          <input type="radio" name={`elsewhere-${setting.name}`} checked={chosen === side} onChange={() => onChoose(setting.name, side)} />
          <span>
            {side} <b>{text}</b> {note && <small>{note}</small>}
          </span>
        </label>
      ))}
    </fieldset>
  );
}

const valueText = (setting: Moved["setting"], value: SettingValue | undefined): string => told(setting, value);

function sideOf({ setting, base, theirs, mine }: Moved): string {
  const was = valueText(setting, base);
  if (mine !== null && theirs === base) return `${was} → ${mine}, mine alone`;
  return `${was} → ${valueText(setting, theirs)}, ${mine === null ? "theirs alone" : "by both alike"}`;
}

/** "by ci, 2 min ago", as far as it is known. */
function authorOf(changes: Change[], name: string, now: number): string {
  const latest = changes.find((one) => one.kind === "setting" && one.field === name);
  return latest === undefined ? "" : `${byWhom(latest)}, ${ago(Date.parse(latest.at), now)}`;
}
