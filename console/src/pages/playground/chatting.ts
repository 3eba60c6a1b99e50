/** A conversation with a model in the way of OpenAI's chat: what is sent, and what comes of it piece by piece. */
import { EventParser } from "../../api/sse";

export interface Message {
  role: "system" | "user" | "assistant";
  content: string;
  /** Pictures beside the text, as `data:` addresses. */
  images?: string[];
  /** What the model says that it thought before. */
  thought?: string;
  /** Calls of tools, as JSON. */
  calls?: string;
}

/** What an answer has said so far. */
export interface Said {
  content: string;
  thought: string;
  calls: string;
  pieces: number;
  finish: string;
  usage: { prompt_tokens?: number; completion_tokens?: number } | null;
  /** An error within the stream, in its own words. */
  error: string;
}

export const NOTHING: Said = { content: "", thought: "", calls: "", pieces: 0, finish: "", usage: null, error: "" };

interface Choice {
  delta?: Piece;
  message?: Piece;
  finish_reason?: string | null;
}

interface Piece {
  content?: string | { text?: string }[] | null;
  reasoning_content?: string | null;
  reasoning?: string | null;
  refusal?: string | null;
  tool_calls?: unknown[] | null;
}

interface Chunk {
  choices?: Choice[];
  usage?: Said["usage"];
  error?: unknown;
}

/** Reads an answer as its text comes: server-sent events of chunks, whatever type they say to be, or one completion. */
export class ChatReader {
  #said = NOTHING;
  /** Of a completion, or of a beginning that does not tell yet. */
  #text = "";
  #isStream: boolean | null = null;
  readonly #events = new EventParser();

  push(text: string): Said {
    let now = text;
    if (this.#isStream !== true) {
      this.#text += text;
      const first = this.#text.trimStart()[0];
      if (this.#isStream === null && first !== undefined) this.#isStream = first !== "{" && first !== "[";
      if (this.#isStream !== true) return this.#said;
      now = this.#text;
    }
    for (const { data } of this.#events.push(now)) if (data !== "[DONE]") this.#take(data);
    return this.#said;
  }

  end(): Said {
    if (this.#isStream === true) this.push("\n\n"); // some end without the empty line
    else if (this.#text.trim() !== "") this.#take(this.#text);
    return this.#said;
  }

  #take(data: string): void {
    const before = this.#said;
    const chunk = chunkOf(data);
    if (chunk === null) {
      this.#said = { ...before, error: `This is no piece of a chat: ${data.slice(0, 200)}` };
      return;
    }
    this.#said = {
      ...withPiece(before, chunk.choices?.[0]),
      usage: chunk.usage ?? before.usage,
      error: chunk.error === undefined ? before.error : wordsOf(chunk.error),
    };
  }
}

function withPiece(before: Said, choice: Choice | undefined): Said {
  const { content, thought, calls } = wordsIn(choice?.delta ?? choice?.message ?? {});
  return {
    ...before,
    content: before.content + content,
    thought: before.thought + thought,
    calls: before.calls + calls,
    pieces: before.pieces + (content || thought || calls ? 1 : 0),
    finish: choice?.finish_reason ?? before.finish,
  };
}

function chunkOf(data: string): Chunk | null {
  try {
    const chunk = JSON.parse(data) as Chunk | null;
    return typeof chunk === "object" ? chunk : null;
  } catch {
    return null;
  }
}

const wordsIn = (piece: Piece): Pick<Said, "content" | "thought" | "calls"> => ({
  content: textOf(piece.content) + (piece.refusal ?? ""),
  thought: piece.reasoning_content ?? piece.reasoning ?? "",
  calls: piece.tool_calls?.length ? JSON.stringify(piece.tool_calls) : "",
});

const textOf = (content: Piece["content"]): string =>
  typeof content === "string" ? content : (content ?? []).map((one) => one.text ?? "").join("");

function wordsOf(error: unknown): string {
  if (typeof error === "object" && error !== null && "message" in error) return String(error.message);
  return typeof error === "string" ? error : JSON.stringify(error);
}

/** The body of a chat: `rest` are further fields, which are not to hide these. */
export function chatBody(model: string, messages: Message[], isStream: boolean, rest: Record<string, unknown>): string {
  const told = messages.filter((one) => one.content !== "" || one.images?.length).map(toldOf);
  return JSON.stringify({ model, messages: told, ...(isStream ? { stream: true } : {}), ...rest });
}

function toldOf({ role, content, images = [] }: Message): unknown {
  if (images.length === 0) return { role, content };
  const pictures = images.map((url) => ({ type: "image_url", image_url: { url } }));
  return { role, content: [...(content === "" ? [] : [{ type: "text", text: content }]), ...pictures] };
}

/** What an example of a Truss says of a chat: its messages, its model, and its further fields. */
export function chatOf(example: unknown): { messages: Message[]; model: string; rest: Record<string, unknown> } {
  const none = { messages: [], model: "", rest: {} };
  if (typeof example !== "object" || example === null || !("messages" in example) || !Array.isArray(example.messages)) return none;
  const { messages, model, ...rest } = example as Record<string, unknown>;
  delete rest.stream; // is chosen beside it
  const told = (messages as unknown[]).map(messageOf).filter((one) => one !== null);
  return { messages: told, model: typeof model === "string" ? model : "", rest };
}

function messageOf(given: unknown): Message | null {
  if (typeof given !== "object" || given === null || !("role" in given) || !("content" in given)) return null;
  const role = given.role === "developer" ? "system" : given.role;
  if (role !== "system" && role !== "user" && role !== "assistant") return null;
  const { content } = given;
  if (typeof content === "string") return { role, content };
  if (!Array.isArray(content)) return null;
  const parts = content as { type?: string; text?: string; image_url?: { url?: string } }[];
  const images = parts.map((one) => one.image_url?.url).filter((one) => one !== undefined);
  return { role, content: parts.map((one) => one.text ?? "").join(""), images };
}
