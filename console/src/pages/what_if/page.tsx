/** Tries settings on recorded traffic, simulated, before they are set. */
import { useMemo, useState } from "preact/hooks";
import { deploymentPath } from "../../api/client";
import { ApiError } from "../../api/errors";
import { useLoaded } from "../../api/loaded";
import type { Deployment, SettingValues } from "../../api/types";
import { NumberField } from "../../components/field";
import { Loading, Problem } from "../../components/notes";
import { tell, tellError } from "../../components/toasts";
import { deploymentLink } from "../../router";
import type { PageProps } from "../../routes";
import { applied } from "../deployment/applying";
import { type Draft, type Judged, judge } from "../deployment/setting_fields";
import { type Asked, useComparison } from "./asking";
import { PLACES, RANGES, type Span, settable, supposedOf, triedOf } from "./comparing";
import { Tried } from "./form";
import { Result } from "./result";
import "./what_if.css";

export function WhatIfPage({ parameters, query }: PageProps) {
  const { model = "", deployment = "" } = parameters;
  const path = deploymentPath(model, deployment);
  const { value: found, error, reload } = useLoaded<Deployment>(path, 5);
  const description = useLoaded<unknown>("/openapi.json");
  const settings = useMemo(() => (description.value === null ? null : triedOf(description.value)), [description.value]);
  const [draft, setDraft] = useState<Draft>(() => Object.fromEntries(query));
  const [span, setSpan] = useState<Span>({ seconds: 3600 });
  const [slo, setSlo] = useState("");
  const values: SettingValues = found === null ? {} : { ...(found.settings as SettingValues), [PLACES]: found.predict_concurrency ?? 1 };
  const judged = judge(settings ?? [], draft, values);
  const objective = Number(slo) > 0 ? Number(slo) : null;
  const isReady = found !== null && settings !== null && Object.keys(judged.faults).length === 0;
  const asked = useComparison(path, span, isReady ? supposedOf(judged, objective) : null, found?.settings_version ?? 0);
  if (found === null || settings === null) return error === null ? <Loading /> : <Problem error={error} />;
  const apply = async (): Promise<void> => {
    const { isTaken, text, hint } = await applied(path, settable(judged), { version: found.settings_version, values });
    if (!isTaken) return tellError(new ApiError(0, "not_applied", text, hint));
    tell(text);
    setDraft((before) => (before[PLACES] === undefined ? {} : { [PLACES]: before[PLACES] }));
    reload();
  };
  return (
    <>
      <p class="facts">
        <a href={deploymentLink(model, deployment)}>Back to the deployment</a>
        <span class="soft">Recorded requests, simulated under other settings. Nothing is changed before you apply it.</span>
      </p>
      <div class="tried">
        <form class="panel settings" aria-label="What to try" onSubmit={(event) => event.preventDefault()} noValidate>
          <Ranges span={span} onSpan={setSpan} />
          <h2>Settings to try</h2>
          <Tried settings={settings} values={values} draft={draft} judged={judged} onDraft={setDraft} />
          <NumberField label="objective" value={slo} unit="s" hint="latency above it is a miss; may be empty" low={0} onValue={setSlo} />
          <Applying judged={judged} onApply={apply} onReset={() => setDraft({})} isTouched={Object.keys(draft).length > 0} />
        </form>
        <section aria-label="Comparison" aria-busy={asked.isBusy}>
          <State asked={asked} isValid={isReady} />
          {asked.comparison !== null && asked.error === null && (
            <Result
              comparison={asked.comparison}
              slo={objective}
              onSelect={(since, until) => setSpan({ since, until })}
            />
          )}
        </section>
      </div>
    </>
  );
}

function State({ asked, isValid }: { asked: Asked; isValid: boolean }) {
  const { error, isBusy } = asked;
  return (
    <>
      <p class="soft state" role="status">
        {isValid ? (isBusy ? "Simulating…" : error === null ? "Simulated" : "Not simulated") : "Not valid yet"}
      </p>
      {error !== null && (
        <>
          <Problem error={error} />
          <button type="button" onClick={asked.again}>
            Try again
          </button>
        </>
      )}
    </>
  );
}

function Ranges({ span, onSpan }: { span: Span; onSpan(span: Span): void }) {
  return (
    <fieldset class="choices">
      <legend>The last</legend>
      {RANGES.map(([value, label]) => (
        <button
          key={value}
          type="button"
          aria-pressed={"seconds" in span && span.seconds === value}
          onClick={() => onSpan({ seconds: value })}
        >
          {label}
        </button>
      ))}
      {"since" in span && <span class="soft">a part, as dragged</span>}
    </fieldset>
  );
}

interface ApplyingProps {
  judged: Judged;
  isTouched: boolean;
  onApply(): Promise<void>;
  onReset(): void;
}

function Applying({ judged, isTouched, onApply, onReset }: ApplyingProps) {
  const [isBusy, setBusy] = useState(false);
  const places = judged.changes[PLACES];
  const isWrong = Object.keys(judged.faults).length > 0;
  const press = (): void => {
    setBusy(true);
    void onApply().finally(() => setBusy(false));
  };
  return (
    <>
      {places !== undefined && (
        <div class="note">
          predict_concurrency belongs to the model. Write into its config.yaml, and push it again:
          <pre>{`runtime:\n  predict_concurrency: ${String(places)}`}</pre>
        </div>
      )}
      <div class="row">
        <button
          type="button"
          class="primary"
          disabled={Object.keys(settable(judged)).length === 0 || isWrong || isBusy}
          onClick={press}
        >
          Apply
        </button>
        <button type="button" disabled={!isTouched} onClick={onReset}>
          Reset
        </button>
      </div>
    </>
  );
}
