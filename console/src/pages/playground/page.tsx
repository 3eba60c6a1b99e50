/** Tries a deployment: one request and where its time goes, or several at once beside what happens to them. */
import { useEffect, useState } from "preact/hooks";
import { deploymentPath } from "../../api/client";
import { useLive } from "../../api/live";
import { useLoaded } from "../../api/loaded";
import type { Deployment, Picture } from "../../api/types";
import { Field } from "../../components/field";
import { Loading, Problem } from "../../components/notes";
import { deploymentLink } from "../../router";
import type { PageProps } from "../../routes";
import { PictureView } from "../deployment/picture";
import { AnswerPanel } from "./answer";
import { BurstPanel } from "./burst";
import { inputOf, textOf } from "./input";
import "../halves.css";
import "./playground.css";

export function PlaygroundPage({ parameters }: PageProps) {
  const { model = "", deployment = "" } = parameters;
  const path = deploymentPath(model, deployment);
  const { value: found, error } = useLoaded<Deployment>(path);
  const { value: picture } = useLive<Picture>(`${path}/events`);
  const [text, setText] = useState("");
  const example = found === null ? "" : textOf(found.example_input);
  useEffect(() => setText((typed) => typed || example), [example]);
  if (found === null) return error === null ? <Loading /> : <Problem error={error} />;
  const input = inputOf(text);
  return (
    <>
      <p class="facts">
        <a href={deploymentLink(model, deployment)}>Back to the deployment</a>
        <span class="soft">Requests go through the gateway, as everybody's do, and are counted.</span>
      </p>
      <div class="halves">
        <section class="panel asked" aria-label="Input">
          <InputField text={text} fault={input.fault} onText={setText} />
          <button type="button" class="quiet" disabled={text === example} onClick={() => setText(example)}>
            The example again
          </button>
        </section>
        <AnswerPanel path={path} text={text} isValid={input.fault === ""} />
      </div>
      <div class="stack">
        <BurstPanel path={path} input={input} picture={picture} />
        {picture !== null && <PictureView picture={picture} />}
      </div>
    </>
  );
}

function InputField({ text, fault, onText }: { text: string; fault: string; onText(text: string): void }) {
  return (
    <Field
      label="Input, as JSON"
      error={fault}
      hint="It goes to the model's predict as it stands"
      control={(ids) => (
        <textarea {...ids} rows={10} spellcheck={false} value={text} onInput={(event) => onText(event.currentTarget.value)} />
      )}
    />
  );
}
