/** A WebSocket to a model, which control holds: a browser could give it no key. */
import { call, send } from "../../api/client";
import { ApiError, errorOf } from "../../api/errors";
import { EventParser } from "../../api/sse";
import { bytesOf } from "./answers";
import { pieces } from "./asking";

export interface Opened {
  id: string;
  request_id: string;
  protocol: string;
}

export interface Received {
  text: string | null;
  content: Blob | null;
  /** Of the message; more than `text` or `content` has where it is long. */
  bytes: number;
  seconds: number;
}

export interface Closed {
  code: number;
  reason: string;
  by_model: boolean;
  seconds: number;
}

export interface Listener {
  onOpen(opened: Opened): void;
  onMessage(message: Received): void;
  onClose(closed: Closed): void;
}

/** A handshake that was answered otherwise: `status`, and the request's id. */
export class RefusedError extends ApiError {
  constructor(
    told: ApiError,
    readonly requestId: string,
  ) {
    super(told.status, told.code, told.message, told.hint);
  }
}

/** Open one and follow it to its end; to abort is to leave. Raises ApiError. */
export async function converse(path: string, wanted: { path: string; protocols: string[] }, signal: AbortSignal, listener: Listener): Promise<void> {
  const came = await send(`${path}/websocket`, { method: "POST", body: wanted, signal });
  if (!came.ok) throw new RefusedError(await errorOf(came), came.headers.get("x-headway-request-id") ?? "");
  const parser = new EventParser();
  const decoder = new TextDecoder();
  let isClosed = false;
  for await (const bytes of pieces(came))
    for (const { event, data } of parser.push(decoder.decode(bytes, { stream: true }))) {
      const told = JSON.parse(data) as Opened & Closed & { text?: string; base64?: string; bytes: number; seconds: number };
      if (event === "open") listener.onOpen(told);
      else if (event === "message") listener.onMessage(messageOf(told));
      else if (event === "close") {
        isClosed = true;
        listener.onClose(told);
      }
    }
  if (!isClosed) throw new ApiError(0, "broken", "Control has ended the conversation", "connect again");
}

const messageOf = (told: { text?: string; base64?: string; bytes: number; seconds: number }): Received => ({
  text: told.text ?? null,
  content: told.base64 === undefined ? null : new Blob([bytesOf(told.base64)]),
  bytes: told.bytes,
  seconds: told.seconds,
});

export async function say(path: string, id: string, message: string | Blob): Promise<void> {
  const type = typeof message === "string" ? "text/plain" : "application/octet-stream";
  await call(`${path}/websocket/${id}/messages`, { method: "POST", body: message, headers: { "content-type": type } });
}

export async function close(path: string, id: string, code: number, reason: string): Promise<void> {
  await call(`${path}/websocket/${id}/close`, { method: "POST", body: { code, reason } });
}

const MEANINGS: Record<number, string> = {
  1000: "normal",
  1001: "going away: a replica that stops, or a page that leaves",
  1002: "protocol error",
  1003: "unsupported data, or the model has no websocket method",
  1005: "no code was given",
  1006: "the connection broke without a close",
  1007: "data that is not what it says it is",
  1008: "against its policy",
  1009: "a message too large",
  1011: "the model failed: its log says how",
  1012: "it restarts",
  1013: "try again later",
};

export const meaningOf = (code: number): string => MEANINGS[code] ?? (code >= 3000 ? "the model's own" : "unknown");

/** Why a close cannot have this code, or nothing. */
export function faultOfCode(typed: string): string {
  const code = Number(typed);
  const isGood = Number.isInteger(code) && (code === 1000 || (code >= 3000 && code <= 4999));
  return isGood ? "" : "1000, or 3000 to 4999";
}
