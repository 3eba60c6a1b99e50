/** Deletes the whole model, for who types its name. */
import { useState } from "preact/hooks";
import { call, modelPath } from "../../api/client";
import { TextField } from "../../components/field";
import { tell, tellError } from "../../components/toasts";

export function DeleteModel({ model }: { model: string }) {
  const [typed, setTyped] = useState("");
  const [isBusy, setBusy] = useState(false);
  const remove = (event: Event): void => {
    event.preventDefault();
    if (typed !== model || isBusy) return;
    setBusy(true);
    call(modelPath(model), { method: "DELETE" })
      .then(() => {
        tell(`${model} is being deleted; what is in flight is finished first`);
        location.hash = "#/";
      }, tellError)
      .finally(() => setBusy(false));
  };
  return (
    <form class="panel narrow-form" aria-label="Delete the model" onSubmit={remove}>
      <h2>Delete {model}</h2>
      <p class="soft">With its environments, deployments, records of requests and this history. It cannot be undone.</p>
      <TextField label={`Type ${model} to delete it`} value={typed} onValue={setTyped} />
      <button type="submit" class="danger" disabled={typed !== model || isBusy}>
        Delete {model} for good
      </button>
    </form>
  );
}
