/** The API, read from the description that it gives of itself. */
import { useEffect, useState } from "preact/hooks";
import { type Call, type Content, type Described, type Parameter, type Schema, byTag, said } from "./document";

export function Reference() {
  const [described, setDescribed] = useState<Described | null>(null);
  const [problem, setProblem] = useState("");
  useEffect(() => {
    load().then(setDescribed, (error: unknown) => setProblem(String(error)));
  }, []);
  if (problem !== "") return <main role="alert">The description cannot be read: {problem}</main>;
  if (described === null) return <main aria-busy="true">Loading…</main>;
  const groups = [...byTag(described)];
  return (
    <div class="reference">
      <nav aria-label="Contents">
        <a href="/">Console</a>
        {groups.map(([tag]) => (
          <a key={tag} href={`#${anchor(tag)}`}>
            {tag}
          </a>
        ))}
        <a href="#schemas">schemas</a>
      </nav>
      <main>
        <h1>
          {described.info.title} <small>{described.info.version}</small>
        </h1>
        <Text text={described.info.description} />
        <p>
          For programs: <a href="/openapi.json">/openapi.json</a>
        </p>
        {groups.map(([tag, calls]) => (
          <section key={tag} id={anchor(tag)}>
            <h2>{tag}</h2>
            {calls.map((one) => (
              <Method key={one.method + one.path} call={one} />
            ))}
          </section>
        ))}
        <Schemas schemas={described.components?.schemas ?? {}} />
      </main>
    </div>
  );
}

async function load(): Promise<Described> {
  const answer = await fetch("/openapi.json");
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  return (await answer.json()) as Described;
}

function Method({ call: { method, path, operation } }: { call: Call }) {
  return (
    <details>
      <summary>
        <code>
          <b>{method}</b> {path}
        </code>{" "}
        <span class="soft">{operation.summary}</span>
      </summary>
      <Text text={operation.description} />
      <Parameters parameters={operation.parameters ?? []} />
      {operation.requestBody !== undefined && (
        <p>
          Body: <Kind content={operation.requestBody} /> {operation.requestBody.description}
        </p>
      )}
      <table>
        <caption class="hidden">Answers</caption>
        <tbody>
          {Object.entries(operation.responses ?? {}).map(([status, one]) => (
            <tr key={status}>
              <th scope="row">{status}</th>
              <td>
                <Kind content={one} />
              </td>
              <td>{one.description}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

function Parameters({ parameters }: { parameters: Parameter[] }) {
  if (parameters.length === 0) return null;
  return (
    <table>
      <caption class="hidden">Parameters</caption>
      <tbody>
        {parameters.map((one) => (
          <tr key={one.in + one.name}>
            <th scope="row">
              <code>{one.name}</code>
            </th>
            <td>
              {one.in}
              {one.required === true ? ", required" : ""}
            </td>
            <td>
              <Said schema={one.schema} />
            </td>
            <td>{one.description}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Schemas({ schemas }: { schemas: Record<string, Schema> }) {
  return (
    <section id="schemas">
      <h2>schemas</h2>
      {Object.entries(schemas).map(([name, schema]) => (
        <section key={name} id={`schema-${name}`}>
          <h3>{name}</h3>
          <Text text={schema.description} />
          <table>
            <caption class="hidden">Fields of {name}</caption>
            <tbody>
              {Object.entries(schema.properties ?? {}).map(([field, one]) => (
                <tr key={field}>
                  <th scope="row">
                    <code>{field}</code>
                  </th>
                  <td>{schema.required?.includes(field) === true ? "" : "optional"}</td>
                  <td>
                    <Said schema={one} />
                  </td>
                  <td>{one.description}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      ))}
    </section>
  );
}

/** What is sent or answered: its media types, and what they hold. */
function Kind({ content }: { content: Content }) {
  return (
    <>
      {Object.entries(content.content ?? {}).map(([type, one]) => (
        <span key={type}>
          <code>{type}</code> <Said schema={one.schema} />{" "}
        </span>
      ))}
    </>
  );
}

/** A schema in a line, in which the names of others lead to them. */
function Said({ schema }: { schema: Schema | undefined }) {
  const words = said(schema).split(" ");
  const initial = schema?.default === undefined ? "" : `, ${JSON.stringify(schema.default)} by default`;
  return (
    <>
      {words.map((one, index) => (
        <span key={index}>
          {/^[A-Z]/.test(one) ? <a href={`#schema-${one}`}>{one}</a> : one}{" "}
        </span>
      ))}
      {initial}
    </>
  );
}

/** Paragraphs in which what stands between backticks is code. */
function Text({ text = "" }: { text?: string | undefined }) {
  return (
    <>
      {text.split(/\n\n+/).map((paragraph) => (
        <p key={paragraph}>
          {paragraph.split("`").map((one, index) => (index % 2 === 1 ? <code key={index}>{one}</code> : one))}
        </p>
      ))}
    </>
  );
}

function anchor(tag: string): string {
  return tag.replaceAll(" ", "-");
}
