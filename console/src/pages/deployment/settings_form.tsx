/** The settings: typed, previewed, applied to the version that was seen, and undone. */
import { useEffect, useMemo, useState } from "preact/hooks";
import { call } from "../../api/client";
import { ApiError } from "../../api/errors";
import { useLoaded } from "../../api/loaded";
import type { Deployment, SettingsPreview, SettingValues } from "../../api/types";
import { Loading, Warnings } from "../../components/notes";
import { plural } from "../../format";
import { type Base, applied } from "./applying";
import { type Draft, MAIN, type Setting, differences, judge, settingsOf, shown } from "./setting_fields";
import { SettingField } from "./setting_field";

const DEBOUNCE = 300;

interface FormProps {
  /** Of the API: `/v1/models/M/deployments/D`. */
  path: string;
  deployment: Pick<Deployment, "settings" | "settings_version" | "predict_concurrency" | "warnings">;
  editing: Editing;
  onEdit(editing: Editing): void;
}

/** What the form holds. The page keeps it, since the form goes with its tab. */
export interface Editing {
  draft: Draft;
  /** What the draft was begun on; null: the present settings. */
  base: Base | null;
  /** What takes the latest change back. */
  undo: SettingValues | null;
}

export const UNTOUCHED: Editing = { draft: {}, base: null, undo: null };

export function SettingsForm({ path, deployment, editing, onEdit }: FormProps) {
  const description = useLoaded<unknown>("/openapi.json");
  const settings = useMemo(() => (description.value === null ? null : settingsOf(description.value)), [description.value]);
  const { draft, base, undo } = editing;
  const [isBusy, setBusy] = useState(false);
  const values = deployment.settings as SettingValues;
  const { changes, faults } = judge(settings ?? [], draft, values);
  const isChanged = Object.keys(changes).length > 0;
  const isWrong = Object.keys(faults).length > 0;
  const preview = usePreview(path, isChanged && !isWrong ? changes : null);
  const present = { version: deployment.settings_version, values };
  const seen = base ?? present;
  const isStale = isChanged && seen.version !== present.version;

  if (settings === null) return <Loading />;
  const type = (name: string, text: string): void => {
    onEdit({ ...editing, base: seen, draft: { ...draft, [name]: text } });
  };
  const forget = (): void => onEdit({ ...editing, draft: {}, base: null });
  const apply = async (wanted: SettingValues, on: Base, isUndo: boolean): Promise<void> => {
    setBusy(true);
    const before = Object.fromEntries(Object.keys(wanted).map((name) => [name, values[name] ?? ""]));
    if (await applied(path, wanted, on)) onEdit({ draft: {}, base: null, undo: isUndo ? null : before });
    setBusy(false);
  };
  const field = (setting: Setting) => (
    <SettingField
      key={setting.name}
      setting={setting}
      text={shown(draft, values, setting.name)}
      error={faults[setting.name] ?? ""}
      isChanged={setting.name in changes}
      onText={(text) => type(setting.name, text)}
    />
  );
  const submit = (event: Event): void => {
    event.preventDefault();
    if (isChanged && !isWrong && !isBusy) void apply(changes, seen, false);
  };
  const rest = settings.filter((one) => !MAIN.includes(one.name));
  return (
    <form class="panel settings" aria-label="Settings" onSubmit={submit} noValidate>
      <h2>Settings</h2>
      {settings.filter((one) => MAIN.includes(one.name)).map(field)}
      <details open={rest.some((one) => one.name in draft)}>
        <summary>{plural(rest.length, "further setting")}</summary>
        {rest.map(field)}
      </details>
      <Warnings lines={warningsOf(preview, deployment, Number(shown(draft, values, "concurrency_target")))} />
      {isStale && (
        <Elsewhere seen={seen.values} present={values} onKeep={() => onEdit({ ...editing, base: present })} onDrop={forget} />
      )}
      <p class="preview" role="status" aria-label="Preview">
        {isWrong ? "Not valid yet" : preview instanceof ApiError ? preview.message : (preview?.text ?? (isChanged ? "…" : "No changes"))}
        {preview !== null && !(preview instanceof ApiError) && <small>{preview.reason}</small>}
      </p>
      <div class="row">
        <button type="submit" class="primary" disabled={!isChanged || isWrong || isBusy}>
          Apply
        </button>
        <button type="button" disabled={Object.keys(draft).length === 0} onClick={forget}>
          Reset
        </button>
        <button type="button" disabled={undo === null || isBusy} onClick={() => undo && void apply(undo, present, true)}>
          Undo
        </button>
      </div>
    </form>
  );
}

interface ElsewhereProps {
  seen: SettingValues;
  present: SettingValues;
  onKeep(): void;
  onDrop(): void;
}

function Elsewhere({ seen, present, onKeep, onDrop }: ElsewhereProps) {
  return (
    <div class="note warn" role="alert">
      Changed elsewhere meanwhile: {differences(seen, present).join(", ") || "and back again"}
      <div class="row">
        <button type="button" onClick={onKeep}>
          Keep my changes
        </button>
        <button type="button" onClick={onDrop}>
          Drop them
        </button>
      </div>
    </div>
  );
}

function usePreview(path: string, changes: SettingValues | null): SettingsPreview | ApiError | null {
  const [preview, setPreview] = useState<SettingsPreview | ApiError | null>(null);
  const wanted = changes === null ? "" : JSON.stringify(changes);
  useEffect(() => {
    setPreview(null);
    if (wanted === "") return;
    const leaving = new AbortController();
    const timer = setTimeout(() => {
      const headers = { "content-type": "application/json" };
      call<SettingsPreview>(`${path}/settings/preview`, { method: "POST", body: wanted, headers, signal: leaving.signal }).then(
        setPreview,
        (error: unknown) => error instanceof ApiError && setPreview(error),
      );
    }, DEBOUNCE);
    return () => (clearTimeout(timer), leaving.abort());
  }, [path, wanted]);
  return preview;
}

function warningsOf(preview: SettingsPreview | ApiError | null, deployment: FormProps["deployment"], target: number): string[] {
  if (preview !== null && !(preview instanceof ApiError)) return preview.warnings;
  const places = deployment.predict_concurrency ?? 1;
  if (target > 0 && target < places)
    return [`concurrency_target ${target} is below predict_concurrency ${places}: its places in predict are never all used`];
  return deployment.warnings.filter((one) => !one.startsWith("concurrency_target"));
}
