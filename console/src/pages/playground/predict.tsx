/** One request to predict, made in fields, as JSON or of a file, and several at once. */
import { useEffect, useState } from "preact/hooks";
import type { Deployment, Picture } from "../../api/types";
import { Field } from "../../components/field";
import { bytes } from "../../format";
import { PictureView } from "../deployment/picture";
import { AnswerPanel, useAnswer } from "./answer";
import type { Order } from "./asking";
import { BurstPanel } from "./burst";
import { CopyAs } from "./copy_as";
import { FileButton } from "./file_button";
import { inputOf, textOf } from "./input";
import { InputForm } from "./input_form";
import { onSendKeys } from "./send_keys";

export interface WayProps {
  /** Of the API: `/v1/models/M/deployments/D`. */
  path: string;
  deployment: Deployment;
  picture: Picture | null;
  query: URLSearchParams;
  /** Has the address say these beside what it says. */
  onQuery(changes: Record<string, string>): void;
  /** A request in the console, by its id. */
  linkTo(requestId: string): string;
}

const VIEWS = { form: "Form", json: "JSON", file: "File" };
type View = keyof typeof VIEWS;

export function Predict({ path, deployment, picture, query, onQuery, linkTo }: WayProps) {
  const example = textOf(deployment.example_input);
  const [text, setText] = useState("");
  const [file, setFile] = useState<File | null>(null);
  const asked = useAnswer(path);
  useEffect(() => setText((typed) => typed || example), [example]);
  const input = inputOf(text);
  const view: View = isView(query.get("as")) ? (query.get("as") as View) : "form";
  const order = view === "file" ? fileOrder(file) : input.fault === "" ? { ...POST, body: text } : null;
  return (
    <>
      <div class="halves">
        <section class="panel asked" aria-label="Input" onKeyDown={onSendKeys(() => order !== null && !asked.isBusy && asked.send(order))}>
          <div class="row">
            <div class="choices" role="group" aria-label="Input as">
              {(Object.keys(VIEWS) as View[]).map((one) => (
                <button key={one} type="button" aria-pressed={one === view} onClick={() => onQuery({ as: one === "form" ? "" : one })}>
                  {VIEWS[one]}
                </button>
              ))}
            </div>
            <span class="grow" />
            <button type="button" class="quiet" disabled={text === example || view === "file"} onClick={() => setText(example)}>
              The example again
            </button>
          </div>
          {view === "form" && <InputForm text={text} onText={setText} />}
          {view === "json" && <JsonField text={text} fault={input.fault} onText={setText} />}
          {view === "file" && <FileField file={file} onFile={setFile} />}
        </section>
        <AnswerPanel asked={asked} order={order} linkTo={linkTo} />
      </div>
      <CopyAs deployment={deployment} order={order} {...(file === null ? {} : { file: file.name })} />
      <div class="stack">
        <BurstPanel path={path} input={input} picture={picture} />
        {picture !== null && <PictureView picture={picture} />}
      </div>
    </>
  );
}

const POST = { method: "POST", path: "predict", contentType: "application/json" };

const isView = (name: string | null): name is View => name !== null && name in VIEWS;

function fileOrder(file: File | null): Order | null {
  return file === null ? null : { ...POST, contentType: file.type || "application/octet-stream", body: file };
}

function JsonField({ text, fault, onText }: { text: string; fault: string; onText(text: string): void }) {
  return (
    <Field
      label="Input, as JSON"
      error={fault}
      hint="It goes to the model's predict as it stands"
      control={(ids) => (
        <textarea {...ids} rows={12} spellcheck={false} value={text} onInput={(event) => onText(event.currentTarget.value)} />
      )}
    />
  );
}

export function FileField({ file, onFile }: { file: File | null; onFile(file: File): void }) {
  return (
    <div class="file">
      <p class="row">
        <FileButton label="The body's file" text="Choose a file…" onFile={onFile} />
        <span role="status">{file !== null && `${file.name}, ${bytes(file.size)}, as ${file.type || "application/octet-stream"}`}</span>
      </p>
      <p class="soft">
        Its content is the whole body. A model gets it if a method of it takes a <code>fastapi.Request</code>; for base64 in a field, there is a
        button beside the field.
      </p>
    </div>
  );
}
