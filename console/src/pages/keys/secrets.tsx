import { useState } from "preact/hooks";
import { call } from "../../api/client";
import { useLoaded } from "../../api/loaded";
import type { Secret } from "../../api/types";
import { TextField } from "../../components/field";
import { Confirm } from "../../components/confirm";
import { Instant } from "../../components/instant";
import { Empty, Loading, Problem } from "../../components/notes";
import { type Column, Table } from "../../components/table";
import { tell, tellError } from "../../components/toasts";

export function Secrets() {
  const { value, error, reload } = useLoaded<{ secrets: Secret[] }>("/v1/secrets");
  const remove = (name: string): void => {
    call(`/v1/secrets/${encodeURIComponent(name)}`, { method: "DELETE" })
      .then(() => tell(`${name} is gone`), tellError)
      .finally(reload);
  };
  const columns: Column<Secret>[] = [
    { key: "name", label: "Name", by: (one) => one.name, cell: (one) => <code>{one.name}</code> },
    { key: "created", label: "Set", by: (one) => one.created_at, cell: (one) => <Instant at={one.created_at} isDay /> },
    { key: "delete", label: "Change", cell: (one) => <DeleteSecret name={one.name} onConfirm={() => remove(one.name)} /> },
  ];
  return (
    <section class="panel" aria-label="Secrets">
      <h2>Secrets of models</h2>
      {value === null ? (
        error === null ? <Loading /> : <Problem error={error} />
      ) : (
        <>
          <NewSecret onSet={reload} />
          {value.secrets.length === 0 ? (
            <Empty title="There is no secret yet">
              <p>
                A model reads those that its config.yaml names under <code>secrets</code>.
              </p>
            </Empty>
          ) : (
            <Table label="Names of secrets" rows={value.secrets} columns={columns} rowKey={(one) => one.name} />
          )}
        </>
      )}
    </section>
  );
}

function DeleteSecret({ name, onConfirm }: { name: string; onConfirm(): void }) {
  return (
    <Confirm label="Delete" title={`Delete the secret ${name}?`} sure="Delete the secret" onConfirm={onConfirm}>
      <p>
        Models that name <code>{name}</code> do not find it at their next look, and may fail. Its value is shown nowhere and cannot be brought back.
      </p>
    </Confirm>
  );
}

function NewSecret({ onSet }: { onSet(): void }) {
  const [name, setName] = useState("");
  const [value, setValue] = useState("");
  const [isBusy, setBusy] = useState(false);
  const submit = (event: Event): void => {
    event.preventDefault();
    setBusy(true);
    call<Secret>("/v1/secrets", { method: "POST", body: { name, value } })
      .then(() => {
        tell(`${name} is set; models see it at their next look`);
        setName("");
        setValue("");
        onSet();
      }, tellError)
      .finally(() => setBusy(false));
  };
  return (
    <form class="new" aria-label="Set a secret" onSubmit={submit}>
      <TextField label="Name" value={name} onValue={setName} />
      <TextField label="Value" type="password" value={value} onValue={setValue} hint="it is never shown again; setting it anew replaces it" />
      <button type="submit" class="primary" disabled={isBusy || name === "" || value === ""}>
        Set it
      </button>
    </form>
  );
}
