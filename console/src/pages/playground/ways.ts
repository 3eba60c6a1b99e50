/** The ways in which a deployment can be asked, and which of them its Truss shows to have. */
import type { Deployment } from "../../api/types";

export type Way = "predict" | "chat" | "websocket" | "path";

export const LABELS: Record<Way, string> = {
  predict: "Predict",
  chat: "Chat",
  websocket: "WebSocket",
  path: "Any path",
};

const OF_METHODS: Partial<Record<string, Way>> = { predict: "predict", chat_completions: "chat", websocket: "websocket" };
const PATHS: Record<string, string> = {
  chat_completions: "v1/chat/completions",
  completions: "v1/completions",
  embeddings: "v1/embeddings",
  messages: "v1/messages",
  responses: "v1/responses",
};

type Told = Deployment["ways_in"];

/** What is offered, the likeliest first. Where the Truss's text does not say, everything is. */
export function offered(told: Told): Way[] {
  const found = (Object.keys(OF_METHODS) as (keyof typeof OF_METHODS)[]).filter((one) => told === null || told.some((way) => way === one));
  return [...found.map((one) => OF_METHODS[one] as Way), "path"];
}

/** Paths below `sync/` that it is likely to answer. */
export function likelyPaths(told: Told): string[] {
  const known = Object.keys(PATHS).filter((one) => told === null || told.some((way) => way === one));
  return [...known.map((one) => PATHS[one] ?? ""), "v1/models"];
}

/** A body to begin with for one of those paths; null where it takes none. */
export function bodyFor(path: string, model: string): unknown {
  const content = "Say hello";
  switch (path.split("?")[0]) {
    case "v1/chat/completions":
      return { model, messages: [{ role: "user", content }] };
    case "v1/completions":
      return { model, prompt: content, max_tokens: 64 };
    case "v1/embeddings":
      return { model, input: content };
    case "v1/messages":
      return { model, max_tokens: 256, messages: [{ role: "user", content }] };
    case "v1/responses":
      return { model, input: content };
    default:
      return null;
  }
}
