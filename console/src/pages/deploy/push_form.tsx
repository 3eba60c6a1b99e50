import { useRef, useState } from "preact/hooks";
import { ApiError } from "../../api/errors";
import type { Deployment } from "../../api/types";
import { Field, TextField } from "../../components/field";
import { Problem } from "../../components/notes";
import { bytes } from "../../format";
import { ACCEPTED, faultOf, upload } from "./upload";

interface FormProps {
  models: string[];
  onPushed(deployment: Deployment): void;
}

export function PushForm({ models, onPushed }: FormProps) {
  const [file, setFile] = useState<File | null>(null);
  const [model, setModel] = useState("");
  const [environment, setEnvironment] = useState("production");
  const { share, error, push, cancel } = usePush(onPushed);
  const fault = file === null ? "" : faultOf(file);
  const isBusy = share !== null;
  const submit = (event: Event): void => {
    event.preventDefault();
    if (file !== null && !fault && !isBusy) push({ file, model: model.trim(), environment: environment.trim() });
  };
  return (
    <form class="panel push" aria-label="Deploy a Truss" onSubmit={submit}>
      <h2>Deploy a Truss</h2>
      <DropZone file={file} fault={fault} onFile={setFile} />
      <ModelField model={model} models={models} onModel={setModel} />
      <TextField
        label="Environment"
        value={environment}
        onValue={setEnvironment}
        hint="It takes this one's place once it is ready; empty: none, it is reached by its id"
      />
      <div class="row">
        <button type="submit" class="primary" disabled={file === null || fault !== "" || isBusy}>
          Deploy
        </button>
        <button type="button" disabled={!isBusy} onClick={cancel}>
          Cancel
        </button>
        {share !== null && (
          <label class="row">
            <progress value={share} max={1} />
            <span role="status">{share < 1 ? `${Math.round(100 * share)}% uploaded` : "Being checked…"}</span>
          </label>
        )}
      </div>
      {error !== null && <Problem error={error} />}
    </form>
  );
}

function usePush(onPushed: (deployment: Deployment) => void) {
  const [share, setShare] = useState<number | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const leaving = useRef<AbortController | null>(null);
  const push = (order: Parameters<typeof upload>[0]): void => {
    leaving.current = new AbortController();
    setError(null);
    setShare(0);
    upload(order, leaving.current.signal, setShare)
      .then(onPushed, (failed: unknown) => failed instanceof ApiError && setError(failed))
      .finally(() => setShare(null));
  };
  return { share, error, push, cancel: () => leaving.current?.abort() };
}

function DropZone({ file, fault, onFile }: { file: File | null; fault: string; onFile(file: File | null): void }) {
  const [isOver, setOver] = useState(false);
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    const dropped = event.dataTransfer?.files[0];
    if (dropped !== undefined) onFile(dropped);
  };
  const over = (event: DragEvent): void => {
    event.preventDefault();
    setOver(true);
  };
  return (
    <div class={isOver ? "drop is-over" : "drop"} onDragOver={over} onDragLeave={() => setOver(false)} onDrop={drop}>
      <label>
        <span>Archive of the Truss's folder: choose it, or drop it here</span>
        <input type="file" accept={ACCEPTED} onChange={(event) => onFile(event.currentTarget.files?.[0] ?? null)} />
      </label>
      {file !== null && (
        <p role="status" class={fault ? "bad" : ""}>
          {file.name}, {bytes(file.size)}
          {fault && `. ${fault}`}
        </p>
      )}
    </div>
  );
}

function ModelField({ model, models, onModel }: { model: string; models: string[]; onModel(model: string): void }) {
  return (
    <Field
      label="Model"
      hint="Empty: the model_name of its config.yaml"
      control={(ids) => (
        <>
          <input {...ids} list="models" value={model} autoComplete="off" spellcheck={false} onInput={(event) => onModel(event.currentTarget.value)} />
          <datalist id="models">
            {models.map((one) => (
              <option key={one} value={one} />
            ))}
          </datalist>
        </>
      )}
    />
  );
}
