import type { Deployment, LiveDeployment } from "../../api/types";
import { Warnings } from "../../components/notes";
import { StatusBadge } from "../../components/status";
import { deploymentLink, modelLink } from "../../router";
import { type Step, isServing, stepsOf } from "./steps";

const SIGNS = { waits: "○", runs: "◐", done: "●", failed: "✕" };
const TONES = { waits: "soft", runs: "", done: "good", failed: "bad" };
const WORDS = { waits: "not yet", runs: "now", done: "done", failed: "failed" };

const UPLOADED: Step = { name: "Uploaded and found valid", state: "done", text: "" };

export function Steps({ steps }: { steps: Step[] }) {
  return (
    <ol class="steps" aria-label="Steps" aria-live="polite">
      {steps.map(({ name, state, text }) => (
        <li key={name} class={TONES[state]}>
          <span aria-hidden="true">{SIGNS[state]}</span> {name} <span class="hidden">{WORDS[state]}</span>
          {text && <small class="mono">{text}</small>}
        </li>
      ))}
    </ol>
  );
}

export function Progress({ deployment: one }: { deployment: Deployment | LiveDeployment }) {
  const links = ["", "/playground"].map((rest) => deploymentLink(one.model_name, one.id, rest));
  return (
    <>
      <p class="row">
        <a href={links[0]}>
          <strong>{one.model_name}</strong> / {one.id}
        </a>
        <StatusBadge status={one.status} saturation={one.saturation} />
      </p>
      <Steps steps={[UPLOADED, ...stepsOf(one, Date.now())]} />
      {isServing(one) && (
        <p class="good">
          It serves. <a href={links[1]}>Try it</a>
        </p>
      )}
      <p>
        <a href={modelLink(one.model_name)}>All of {one.model_name}</a>
      </p>
      <Warnings lines={one.warnings} />
    </>
  );
}
