/** One request as a command or a program to be copied. The key stands in it as the name of a variable, never itself. */
import { type Value, literalOf, treeOf } from "./json_tree";

export interface Copied {
  /** Of the gateway: `http://127.0.0.1:8080`. */
  origin: string;
  method: string;
  /** On the gateway, with the query. */
  path: string;
  contentType: string;
  body: Body;
  needsKey: boolean;
}

/** What is sent: text as it stands, a file by its name, or nothing. */
export type Body = { text: string } | { file: string } | null;

const KEY = "HEADWAY_API_KEY";
/** Longer than this no argument of a command may be, with room for what quoting adds. */
const LONGEST_ARGUMENT = 60_000;

/** For a POSIX shell: in single quotes nothing means anything, but the quote itself. */
export const shellQuoted = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

export function asCurl({ origin, method, path, contentType, body, needsKey }: Copied): string {
  const lines = [`curl ${shellQuoted(origin + path)}`];
  if (/[[\]{}]/.test(path)) lines.push("--globoff");
  if (method === "HEAD") lines.push("--head");
  else if (method !== (body === null ? "GET" : "POST")) lines.push(`-X ${shellQuoted(method)}`);
  if (needsKey) lines.push(`-H "Authorization: Bearer $${KEY}"`);
  if (body !== null) lines.push(`-H ${shellQuoted(`Content-Type: ${contentType}`)}`);
  let before = "";
  if (body !== null && "file" in body) lines.push(`--data-binary ${shellQuoted(`@${body.file}`)}`);
  else if (body !== null && body.text.length > LONGEST_ARGUMENT) {
    before = `printf %s ${shellQuoted(body.text)} | `; // a builtin's arguments may be of any length
    lines.push("--data-binary @-");
  } else if (body !== null) lines.push(`--data-raw ${shellQuoted(body.text)}`);
  return before + lines.join(" \\\n  ");
}

export function asPython({ origin, method, path, contentType, body, needsKey }: Copied): string {
  const sent = sentByPython(contentType, body);
  const headers = needsKey ? [`"Authorization": f"Bearer {os.environ['${KEY}']}"`] : [];
  if (body !== null && !sent.startsWith("json=")) headers.push(`"Content-Type": ${pythonText(contentType)}`);
  const modules = [...(needsKey ? ["os"] : []), ...(sent.includes("pathlib.") ? ["pathlib"] : [])];
  return [
    ...modules.map((one) => `import ${one}`),
    ...(modules.length > 0 ? [""] : []),
    "import httpx",
    "",
    "answer = httpx.request(",
    `    ${pythonText(method)},`,
    `    ${pythonText(origin + path)},`,
    ...(headers.length > 0 ? [`    headers={${headers.join(", ")}},`] : []),
    ...(sent === "" ? [] : [`    ${sent},`]),
    "    timeout=1200,",
    ")",
    "print(answer.status_code, answer.text)",
  ].join("\n");
}

/** The argument that is the body. */
function sentByPython(contentType: string, body: Body): string {
  if (body === null) return "";
  if ("file" in body) return `content=pathlib.Path(${pythonText(body.file)}).read_bytes()`;
  const json = isJson(contentType) ? pythonOf(body.text) : null;
  return json === null ? `content=${pythonText(body.text)}.encode()` : `json=${json.replaceAll("\n", "\n    ")}`;
}

/** OpenAI's client at `base`: `body` is that of a chat, for the model called `name` there. What the client does not know goes
 * along as `extra_body`. */
export function asOpenAi(base: string, body: string, name: string, needsKey: boolean): string {
  const given = { ...(JSON.parse(body) as Record<string, unknown>), model: name };
  const known = Object.entries(given).filter(([name]) => KNOWN.has(name));
  const extra = Object.fromEntries(Object.entries(given).filter(([name]) => !KNOWN.has(name)));
  const key = needsKey ? `os.environ["${KEY}"]` : '"none"';
  const lines = [...(needsKey ? ["import os", ""] : []), "from openai import OpenAI", ""];
  lines.push(`client = OpenAI(base_url=${pythonText(base)}, api_key=${key})`);
  lines.push("answer = client.chat.completions.create(");
  const argument = (name: string, value: unknown): string =>
    `    ${name}=${(pythonOf(JSON.stringify(value, null, 2)) ?? "None").replaceAll("\n", "\n    ")},`;
  lines.push(...known.map(([name, value]) => argument(name, value)));
  if (Object.keys(extra).length > 0) lines.push(argument("extra_body", extra));
  lines.push(")");
  if ("stream" in given && given.stream === true) lines.push("for chunk in answer:", "    for choice in chunk.choices:", '        print(choice.delta.content or "", end="", flush=True)');
  else lines.push("print(answer.choices[0].message.content)");
  return lines.join("\n");
}

const KNOWN = new Set(
  (
    "model messages stream temperature top_p max_tokens max_completion_tokens n seed stop tools tool_choice response_format " +
    "presence_penalty frequency_penalty logprobs top_logprobs logit_bias user reasoning_effort parallel_tool_calls stream_options"
  ).split(" "),
);

/** What JSON writes between quotes means the same to Python, but for halves of characters, which it does not send. */
export const pythonText = (text: string): string => JSON.stringify(text);

const DEEPEST = 60;
const WORDS: Record<string, string> = { true: "True", false: "False", null: "None" };
/** What Python takes for infinite, or does not read; and halves of characters, which httpx does not send. */
const NOT_SAID = /^-?\d[\d.]*(e\+?\d{3,}$|\d{1000})|\\ud[89a-f]/i;

/** JSON as Python writes it, laid out as it is; null for what only its own text says exactly. */
export function pythonOf(json: string): string | null {
  const tree = treeOf(json);
  if (tree === null || tree.kind === "nothing") return null;
  try {
    return written(json, tree, 0);
  } catch {
    return null;
  }
}

function written(json: string, value: Value, depth: number): string {
  if (depth > DEEPEST) throw new RangeError("nested too deeply");
  const literal = literalOf(json, value);
  if (value.kind !== "object" && value.kind !== "list") return checked(value.kind === "text" ? pythonText(JSON.parse(literal) as string) : (WORDS[literal] ?? literal));
  let [text, at] = ["", value.start];
  for (const part of value.parts) {
    const name = value.kind === "object" ? `${checked(pythonText(part.name))}: ` : "";
    text += json.slice(at, part.start) + name + written(json, part.value, depth + 1);
    at = part.value.end;
  }
  return text + json.slice(at, value.end);
}

function checked(literal: string): string {
  if (literal.length < 5000 && NOT_SAID.test(literal)) throw new RangeError("Python says it otherwise");
  return literal;
}

const isJson = (contentType: string): boolean => /^application\/([\w.]+\+)?json/i.test(contentType);
