/** The settings: typed, previewed, applied to the version that was seen, and undone. */
import { useEffect, useMemo, useState } from "preact/hooks";
import { ApiError } from "../../api/errors";
import { useLoaded } from "../../api/loaded";
import type { Deployment, SettingsPreview, SettingValue, SettingValues } from "../../api/types";
import { Loading, Warnings } from "../../components/notes";
import { ago, plural } from "../../format";
import { type Base, type Outcome, applied } from "./applying";
import { type Choices, hasMoved, movedSince, settled } from "./conflict";
import type { Editing } from "./drafts";
import { Elsewhere } from "./elsewhere";
import { usePreview } from "./preview";
import { type Draft, MAIN, type Setting, judge, settingsOf, told } from "./setting_fields";
import { SettingField } from "./setting_field";
import "./settings.css";
import { TwoNumbers } from "./two_numbers";

interface FormProps {
  /** Of the API: `/v1/models/M/deployments/D`. */
  path: string;
  deployment: Pick<Deployment, "settings" | "settings_version" | "predict_concurrency" | "warnings">;
  editing: Editing;
  onEdit(change: (before: Editing) => Editing): void;
}

export function SettingsForm({ path, deployment, editing, onEdit }: FormProps) {
  const description = useLoaded<unknown>("/openapi.json");
  const settings = useMemo(() => (description.value === null ? null : settingsOf(description.value)), [description.value]);
  const { draft, base, undo } = editing;
  const [isBusy, setBusy] = useState(false);
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const values = deployment.settings as SettingValues;
  const { changes, faults } = judge(settings ?? [], draft, values);
  const isTouched = Object.keys(draft).length > 0;
  const isChanged = Object.keys(changes).length > 0;
  const isWrong = Object.keys(faults).length > 0;
  const preview = usePreview(path, isChanged && !isWrong ? changes : null);
  const present = { version: deployment.settings_version, values };
  const seen = base ?? present;
  const isStale = isTouched && hasMoved(seen.values, values);
  const moved = isStale ? movedSince(settings ?? [], seen.values, values, draft) : [];
  useEffect(() => {
    if (isTouched && base === null) onEdit((before) => ({ ...before, base: present }));
  }, [isTouched, base]);

  if (settings === null) return <Loading />;
  const type = (setting: Setting, text: string): void => {
    setOutcome(null);
    onEdit((before) => ({ ...before, base: before.base ?? present, draft: typed(before.draft, setting, values[setting.name], text) }));
  };
  const forget = (): void => onEdit((before) => ({ ...before, draft: {}, base: null, foundFrom: null }));
  const settle = (choices: Choices): void => {
    onEdit((before) => ({ ...before, draft: settled(moved, choices, before.draft), base: present, foundFrom: null }));
  };
  const apply = async (wanted: SettingValues, on: Base, isUndo: boolean): Promise<void> => {
    setBusy(true);
    const before = Object.fromEntries(Object.keys(wanted).map((name) => [name, values[name] ?? ""]));
    const came = await applied(path, wanted, on, settings);
    if (came.isTaken) onEdit(() => ({ draft: {}, base: null, undo: isUndo ? null : before, foundFrom: null }));
    setOutcome(came);
    setBusy(false);
  };
  const field = (setting: Setting) => (
    <SettingField
      key={setting.name}
      setting={setting}
      text={draft[setting.name] ?? told(setting, values[setting.name])}
      error={faults[setting.name] ?? ""}
      isChanged={setting.name in changes}
      elsewhere={moved.some((one) => one.isClash && one.setting === setting) ? told(setting, values[setting.name]) : ""}
      onText={(text) => type(setting, text)}
    />
  );
  const submit = (event: Event): void => {
    event.preventDefault();
    if (isChanged && !isWrong && !isBusy && !isStale) void apply(changes, { ...seen, version: present.version }, false);
  };
  const rest = settings.filter((one) => !MAIN.includes(one.name));
  return (
    <form class="panel settings" aria-label="Settings" onSubmit={submit} noValidate>
      <h2>Settings</h2>
      <TwoNumbers target={draft.concurrency_target ?? String(values.concurrency_target)} deployment={deployment} />
      {settings.filter((one) => MAIN.includes(one.name)).map(field)}
      <details open={rest.some((one) => one.name in draft)}>
        <summary>{plural(rest.length, "further setting")}</summary>
        {rest.map(field)}
      </details>
      <Warnings lines={warningsOf(preview, deployment, targetOf(changes, values))} />
      {editing.foundFrom !== null && isTouched && <p class="note">Typed {ago(editing.foundFrom, Date.now())} and not applied yet.</p>}
      {isStale && <Elsewhere path={path} moved={moved} onSettle={settle} onDrop={forget} />}
      <Preview preview={preview} isWrong={isWrong} isChanged={isChanged} />
      <div class="row">
        <button type="submit" class="primary" disabled={!isChanged || isWrong || isBusy || isStale}>
          Apply
        </button>
        <button type="button" disabled={!isTouched} onClick={forget}>
          Reset
        </button>
        <button type="button" disabled={undo === null || isBusy} onClick={() => undo && void apply(undo, present, true)}>
          Undo
        </button>
      </div>
      <Came outcome={outcome} />
    </form>
  );
}

function Preview({ preview, isWrong, isChanged }: { preview: SettingsPreview | ApiError | null; isWrong: boolean; isChanged: boolean }) {
  const failed = preview instanceof ApiError ? preview.message : null;
  const told = preview instanceof ApiError ? null : preview;
  return (
    <p class="preview" role="status" aria-label="Preview">
      {isWrong ? "Not valid yet" : (failed ?? told?.text ?? (isChanged ? "…" : "No changes"))}
      {told !== null && <small>{told.reason}</small>}
    </p>
  );
}

/** Told where it was asked for, below the buttons: nothing moves or is covered. */
function Came({ outcome }: { outcome: Outcome | null }) {
  return (
    <div role="status" aria-label="Outcome">
      {outcome !== null && (
        <p class={outcome.isTaken ? "note good" : "note bad"}>
          {outcome.text}
          {outcome.hint && <small>{outcome.hint}</small>}
        </p>
      )}
    </div>
  );
}

/** A text that says what is in force is no draft. */
function typed(draft: Draft, setting: Setting, present: SettingValue | undefined, text: string): Draft {
  const others = Object.entries(draft).filter(([name]) => name !== setting.name);
  return Object.fromEntries(text === told(setting, present) ? others : [...others, [setting.name, text]]);
}

const targetOf = (changes: SettingValues, values: SettingValues): number =>
  Number(changes.concurrency_target ?? values.concurrency_target ?? 0);

function warningsOf(preview: SettingsPreview | ApiError | null, deployment: FormProps["deployment"], target: number): string[] {
  if (preview !== null && !(preview instanceof ApiError)) return preview.warnings;
  const places = deployment.predict_concurrency ?? 1;
  if (target > 0 && target < places)
    return [`concurrency_target ${target} is below predict_concurrency ${places}: its places in predict are never all used`];
  return deployment.warnings.filter((one) => !one.startsWith("concurrency_target"));
}
