/** The request as a command or a program, to be copied. */
import { useState } from "preact/hooks";
import { useLoaded } from "../../api/loaded";
import { apiKey } from "../../api/session";
import type { Deployment } from "../../api/types";
import { tell, tellError } from "../../components/toasts";
import type { Order } from "./asking";
import { type Copied, asCurl, asOpenAi, asPython } from "./copying";

const MOST_SHOWN = 4000;

interface CopyProps {
  deployment: Pick<Deployment, "id" | "model_name" | "is_production">;
  order: Order | null;
  /** The file that is its body, by its name. */
  file?: string;
}

export function CopyAs({ deployment, order, file }: CopyProps) {
  const { value: inference } = useLoaded<{ url: string }>("/v1/inference");
  const [kind, setKind] = useState("curl");
  if (inference === null || order === null) return null;
  const forms = formsOf(deployment, inference.url, order, file);
  const chosen = forms[kind] === undefined ? "curl" : kind;
  const text = forms[chosen]?.() ?? "";
  const copy = (): void => {
    navigator.clipboard.writeText(text).then(() => tell("Copied"), () => tellError("The browser does not let it be copied"));
  };
  return (
    <details class="copy">
      <summary>Copy as</summary>
      <div class="row">
        <div class="choices" role="group" aria-label="Copy as">
          {Object.keys(forms).map((one) => (
            <button key={one} type="button" aria-pressed={one === chosen} onClick={() => setKind(one)}>
              {one}
            </button>
          ))}
        </div>
        <button type="button" class="primary" onClick={copy}>
          Copy
        </button>
      </div>
      <pre class="answer" tabIndex={0} aria-label="To be copied">
        {text.slice(0, MOST_SHOWN)}
        {text.length > MOST_SHOWN && "\n… Copy takes all of it"}
      </pre>
      {apiKey() !== null && <small>The key is read from HEADWAY_API_KEY: it is not in what is copied.</small>}
    </details>
  );
}

function formsOf({ id, model_name: model, is_production }: CopyProps["deployment"], url: string, order: Order, file?: string): Record<string, () => string> {
  const whole = `/models/${encodeURIComponent(model)}${is_production ? "" : `/deployments/${encodeURIComponent(id)}`}`;
  const origin = url.replace(/\/+$/, "");
  const text = typeof order.body === "string" ? order.body : null;
  const copied: Copied = {
    origin,
    method: order.method,
    path: `${whole}/${order.path}`,
    contentType: order.contentType,
    body: order.body === null ? null : text !== null ? { text } : { file: file ?? "file" },
    needsKey: apiKey() !== null,
  };
  const forms: Record<string, () => string> = { curl: () => asCurl(copied), "Python (httpx)": () => asPython(copied) };
  if (order.path.split("?")[0] === "sync/v1/chat/completions" && text !== null) {
    const name = is_production ? model : `${model}@${id}`;
    forms["OpenAI client"] = () => asOpenAi(`${origin}/v1`, text, name, copied.needsKey);
  }
  return forms;
}
