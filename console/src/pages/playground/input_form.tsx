/** The fields of an input, made from its JSON: a change in a field changes its place in the text, and nothing else. */
import { useEffect, useId, useState } from "preact/hooks";
import { bytes } from "../../format";
import { FileButton } from "./file_button";
import { addressOf, base64Of } from "./answers";
import { type Value, added, literalOf, put, treeOf, without } from "./json_tree";

const MOST_PARTS = 200;
const DEEPEST = 12;
const LONGEST_TYPED = 20_000;

interface FormProps {
  text: string;
  onText(text: string): void;
}

export function InputForm({ text, onText }: FormProps) {
  const tree = treeOf(text);
  if (tree === null) return <p class="warn">It is no JSON at present, which has no fields: go on under “JSON”.</p>;
  return <ValueField name="input" value={tree} text={text} depth={0} onText={onText} />;
}

interface ValueProps extends FormProps {
  name: string;
  value: Value;
  depth: number;
}

function ValueField(props: ValueProps) {
  const { value, depth, name } = props;
  if (depth > DEEPEST) return <p class="soft">{name}: nested too deeply for fields; it is under “JSON”.</p>;
  switch (value.kind) {
    case "object":
    case "list":
      return <PartsField {...props} />;
    case "text":
      return <TextValue {...props} />;
    case "number":
      return <NumberValue {...props} />;
    case "yes or no":
      return <TruthValue {...props} />;
    case "nothing":
      return <NoValue {...props} />;
  }
}

function PartsField({ name, value, text, depth, onText }: ValueProps) {
  const isList = value.kind === "list";
  const last = value.parts.at(-1);
  const add = (): void => onText(added(text, value, last === undefined ? '""' : literalOf(text, last.value)));
  const fields = value.parts.slice(0, MOST_PARTS).map((part, place) => (
    <div key={part.name} class={isList ? "item" : ""}>
      <ValueField name={isList ? `${name}[${place}]` : part.name} value={part.value} text={text} depth={depth + 1} onText={onText} />
      {isList && (
        <button type="button" class="quiet" aria-label={`Remove ${name}[${place}]`} onClick={() => onText(without(text, value, place))}>
          ✕
        </button>
      )}
    </div>
  ));
  const rest = value.parts.length - MOST_PARTS;
  const content = (
    <>
      {fields}
      {rest > 0 && <p class="soft">{rest} more are under “JSON”.</p>}
      {value.parts.length === 0 && <p class="soft">{isList ? "none" : "no fields: they are added under “JSON”"}</p>}
      {isList && (
        <button type="button" onClick={add}>
          Add to {name}
        </button>
      )}
    </>
  );
  if (depth === 0 && !isList) return <div class="parts">{content}</div>;
  return (
    <fieldset class="parts">
      <legend>
        {name} <span class="soft">{value.kind}</span>
      </legend>
      {content}
    </fieldset>
  );
}

function Labelled({ name, kind, children, fault = "" }: { name: string; kind: string; children: (id: string) => preact.ComponentChildren; fault?: string }) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>
        {name} <span class="soft">{kind}</span>
      </label>
      {children(id)}
      {fault !== "" && (
        <small class="bad" id={`${id}-fault`}>
          {fault}
        </small>
      )}
    </div>
  );
}

function TextValue({ name, value, text, onText }: ValueProps) {
  const content = JSON.parse(literalOf(text, value)) as string;
  const set = (now: string): void => onText(put(text, value, JSON.stringify(now)));
  const take = (file: File): void => {
    const reading = content.startsWith("data:") ? addressOf(file) : base64Of(file);
    void reading.then(set);
  };
  const isLong = content.length > LONGEST_TYPED;
  const rows = Math.min(8, Math.max(1, content.split("\n").length, Math.ceil(content.length / 60)));
  return (
    <Labelled name={name} kind="text">
      {(id) => (
        <div class="row nowrap">
          {isLong ? (
            <output id={id} class="grow mono">
              {content.slice(0, 40)}… {bytes(content.length)}
            </output>
          ) : (
            <textarea id={id} class="grow" rows={rows} spellcheck={false} value={content} onInput={(event) => set(event.currentTarget.value)} />
          )}
          {isLong && (
            <button type="button" class="quiet" onClick={() => set("")}>
              Clear
            </button>
          )}
          <FileButton label={`A file as base64 for ${name}`} onFile={take} />
        </div>
      )}
    </Labelled>
  );
}

const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

function NumberValue({ name, value, text, onText }: ValueProps) {
  const literal = literalOf(text, value);
  const [typed, setTyped] = useState(literal);
  useEffect(() => setTyped(literal), [literal]);
  const isNumber = NUMBER.test(typed.trim());
  const type = (now: string): void => {
    setTyped(now);
    if (NUMBER.test(now.trim())) onText(put(text, value, now.trim()));
  };
  return (
    <Labelled name={name} kind="number" fault={isNumber ? "" : `No number: ${literal} is sent`}>
      {(id) => <input id={id} type="text" inputMode="decimal" class="number" value={typed} aria-invalid={!isNumber} aria-describedby={`${id}-fault`} onInput={(event) => type(event.currentTarget.value)} />}
    </Labelled>
  );
}

function TruthValue({ name, value, text, onText }: ValueProps) {
  return (
    <div class="field">
      <label>
        <input type="checkbox" checked={literalOf(text, value) === "true"} onChange={(event) => onText(put(text, value, String(event.currentTarget.checked)))} /> {name}
      </label>
    </div>
  );
}

const FIRST: Record<string, string> = { text: '""', number: "0", "yes or no": "false", list: "[]" };

function NoValue({ name, value, text, onText }: ValueProps) {
  return (
    <Labelled name={name} kind="null">
      {(id) => (
        <select id={id} value="null" onChange={(event) => onText(put(text, value, FIRST[event.currentTarget.value] ?? "null"))}>
          <option value="null">null: no value</option>
          {Object.keys(FIRST).map((kind) => (
            <option key={kind} value={kind}>
              a value: {kind}
            </option>
          ))}
        </select>
      )}
    </Labelled>
  );
}
