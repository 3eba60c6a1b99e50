/** Any path and method of a model, through the gateway's `sync`. */
import { useState } from "preact/hooks";
import { Field } from "../../components/field";
import { AnswerPanel, useAnswer } from "./answer";
import type { Order } from "./asking";
import { CopyAs } from "./copy_as";
import { textOf } from "./input";
import { FileField, type WayProps } from "./predict";
import { onSendKeys } from "./send_keys";
import { bodyFor, likelyPaths } from "./ways";

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
const BODILESS = ["GET", "HEAD"];
const TYPES = ["application/json", "text/plain", "application/x-www-form-urlencoded", "application/octet-stream", "application/xml"];

export function AnyPath({ path, deployment, query, onQuery, linkTo }: WayProps) {
  const likely = likelyPaths(deployment.ways_in).filter((one) => one !== "v1/chat/completions" || deployment.ways_in === null);
  const target = query.get("path") ?? likely[0] ?? "v1/models";
  const method = METHODS.find((one) => one === query.get("method")) ?? (bodyFor(target, "") === null ? "GET" : "POST");
  const template = bodyFor(target, deployment.model_name);
  const [typed, setTyped] = useState<string | null>(null);
  const [file, setFile] = useState<File | null>(null);
  const [type, setType] = useState("application/json");
  const text = typed ?? (template === null ? "" : textOf(template));
  const asked = useAnswer(path);
  const hasBody = !BODILESS.includes(method);
  const cleaned = target.trim().replace(/^\/+/, "");
  const fault = faultOf(cleaned) || (hasBody && file === null ? faultOfBody(type, text) : "");
  const body = !hasBody ? null : (file ?? text);
  const order: Order | null = fault ? null : { method, path: `sync/${cleaned}`, contentType: file === null ? type : file.type || type, body: body === "" ? null : body };
  const send = (): void => void (order !== null && !asked.isBusy && asked.send(order));
  return (
    <>
      <div class="halves">
        <section class="panel asked" aria-label="Request" onKeyDown={onSendKeys(send)}>
          <div class="row nowrap target">
            <Field
              label="Method"
              control={(ids) => (
                <select {...ids} value={method} onChange={(event) => onQuery({ method: event.currentTarget.value })}>
                  {METHODS.map((one) => (
                    <option key={one}>{one}</option>
                  ))}
                </select>
              )}
            />
            <Field
              label="Path, with its query"
              error={faultOf(cleaned)}
              control={(ids) => (
                <>
                  <input {...ids} class="mono" list="paths" value={target} spellcheck={false} autoComplete="off" onInput={(event) => onQuery({ path: event.currentTarget.value })} />
                  <datalist id="paths">
                    {likely.map((one) => (
                      <option key={one} value={one} />
                    ))}
                  </datalist>
                </>
              )}
            />
          </div>
          {hasBody && <BodyFields type={type} onType={setType} text={text} onText={setTyped} file={file} onFile={setFile} />}
        </section>
        <AnswerPanel asked={asked} order={order} linkTo={linkTo} />
      </div>
      <CopyAs deployment={deployment} order={order} {...(file === null ? {} : { file: file.name })} />
    </>
  );
}

interface BodyProps {
  type: string;
  onType(type: string): void;
  text: string;
  onText(text: string): void;
  file: File | null;
  onFile(file: File | null): void;
}

function BodyFields({ type, onType, text, onText, file, onFile }: BodyProps) {
  return (
    <>
      {file === null && (
        <>
          <Field
            label="Content-Type"
            control={(ids) => (
              <>
                <input {...ids} class="mono" list="types" value={type} spellcheck={false} onInput={(event) => onType(event.currentTarget.value)} />
                <datalist id="types">
                  {TYPES.map((one) => (
                    <option key={one} value={one} />
                  ))}
                </datalist>
              </>
            )}
          />
          <Field
            label="Body"
            error={faultOfBody(type, text)}
            control={(ids) => <textarea {...ids} rows={10} spellcheck={false} value={text} onInput={(event) => onText(event.currentTarget.value)} />}
          />
        </>
      )}
      <FileField file={file} onFile={onFile} />
      {file !== null && (
        <button type="button" onClick={() => onFile(null)}>
          Type the body instead
        </button>
      )}
    </>
  );
}

function faultOf(path: string): string {
  if (path === "") return "";
  return /^[!-~]*$/.test(path) && !path.includes("#") ? "" : "Other letters than of an address are written as %20 and the like";
}

function faultOfBody(type: string, text: string): string {
  if (!/json/i.test(type) || text.trim() === "") return "";
  try {
    JSON.parse(text);
    return "";
  } catch (error) {
    return error instanceof Error ? error.message : "no JSON";
  }
}
