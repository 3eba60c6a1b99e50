import { useState } from "preact/hooks";
import { call } from "../../api/client";
import { useLoaded } from "../../api/loaded";
import { apiKey, signIn } from "../../api/session";
import type { CreatedKey, Key } from "../../api/types";
import { TextField } from "../../components/field";
import { Confirm } from "../../components/confirm";
import { Instant } from "../../components/instant";
import { Empty, Loading, Problem } from "../../components/notes";
import { type Column, Table } from "../../components/table";
import { tell, tellError } from "../../components/toasts";

const SCOPES: { name: Key["scopes"][number]; meaning: string }[] = [
  { name: "inference", meaning: "send requests to models" },
  { name: "manage", meaning: "use this console and the API" },
  { name: "metrics", meaning: "read the metrics of both ports" },
];
const USUAL = ["inference", "manage"];

export function Keys() {
  const { value, error, reload } = useLoaded<{ api_keys: Key[] }>("/v1/api_keys");
  const remove = (prefix: string): void => {
    call(`/v1/api_keys/${encodeURIComponent(prefix)}`, { method: "DELETE" })
      .then(() => tell(`The key ${prefix} is refused from now on`), tellError)
      .finally(reload);
  };
  const columns: Column<Key>[] = [
    { key: "prefix", label: "Begins with", cell: (one) => <code>{one.prefix}</code> },
    { key: "name", label: "Name", by: (one) => one.name, cell: (one) => one.name || "–" },
    { key: "scopes", label: "May", cell: (one) => one.scopes.join(", ") },
    { key: "created", label: "Made", by: (one) => one.created_at, cell: (one) => <Instant at={one.created_at} isDay /> },
    { key: "delete", label: "Change", cell: (one) => <DeleteKey one={one} onConfirm={() => remove(one.prefix)} /> },
  ];
  return (
    <section class="panel" aria-label="API keys">
      <h2>API keys</h2>
      {value === null ? (
        error === null ? <Loading /> : <Problem error={error} />
      ) : (
        <>
          <NewKey isFirst={value.api_keys.length === 0} onMade={reload} />
          {value.api_keys.length === 0 ? (
            <Empty title="There is no key yet">
              <p>Everybody on this machine may ask. From the first key on, every call needs one.</p>
            </Empty>
          ) : (
            <Table label="Keys" rows={value.api_keys} columns={columns} rowKey={(one) => one.prefix} />
          )}
        </>
      )}
    </section>
  );
}

function DeleteKey({ one, onConfirm }: { one: Key; onConfirm(): void }) {
  const isOurs = apiKey()?.startsWith(one.prefix) ?? false;
  return (
    <Confirm label="Delete" title={`Delete the key ${one.name || one.prefix}?`} sure="Delete the key" onConfirm={onConfirm}>
      <p>
        Whoever uses <code>{one.prefix}…</code> ({one.scopes.join(", ")}) is refused from then on, and what runs for it is ended. It cannot be undone: a new
        key would be another one.
      </p>
      {isOurs && <p class="warn">It is the key that this page uses: you will be asked for another one.</p>}
    </Confirm>
  );
}

function NewKey({ isFirst, onMade }: { isFirst: boolean; onMade(): void }) {
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<string[]>(USUAL);
  const [made, setMade] = useState<CreatedKey | null>(null);
  const [isBusy, setBusy] = useState(false);
  const isLockedOut = isFirst && !scopes.includes("manage");
  const submit = (event: Event): void => {
    event.preventDefault();
    setBusy(true);
    call<CreatedKey>("/v1/api_keys", { method: "POST", body: { name, scopes } })
      .then((key) => {
        if (apiKey() === null) signIn(key.api_key);
        setMade(key);
        setName("");
        onMade();
      }, tellError)
      .finally(() => setBusy(false));
  };
  const toggle = (scope: string): void =>
    setScopes((before) => (before.includes(scope) ? before.filter((one) => one !== scope) : [...before, scope]));
  return (
    <form class="new" aria-label="New key" onSubmit={submit}>
      <TextField label="Name" value={name} onValue={setName} hint="what it is for" />
      <fieldset class="row">
        <legend class="hidden">What it may do</legend>
        {SCOPES.map((one) => (
          <label key={one.name}>
            <input type="checkbox" checked={scopes.includes(one.name)} onChange={() => toggle(one.name)} /> {one.name}{" "}
            <small>{one.meaning}</small>
          </label>
        ))}
      </fieldset>
      <button type="submit" class="primary" disabled={isBusy || scopes.length === 0 || isLockedOut}>
        Make a key
      </button>
      {isLockedOut && <small class="bad"> The first key has to manage: from then on this page needs one.</small>}
      {made !== null && <Made made={made} />}
    </form>
  );
}

function Made({ made }: { made: CreatedKey }) {
  const copy = (): void => {
    navigator.clipboard.writeText(made.api_key).then(() => tell("Copied"), () => tellError("The browser does not let it be copied"));
  };
  return (
    <p class="note good" role="status">
      <code>{made.api_key}</code>{" "}
      <button type="button" onClick={copy}>
        Copy
      </button>
      <small>It is shown this once. Keep it where secrets are kept.</small>
    </p>
  );
}
