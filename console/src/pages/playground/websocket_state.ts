/** What has become of one WebSocket: its messages, the latest of them, and its end. */
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError } from "../../api/errors";
import { recorded } from "./asking";
import { type Closed, type Received, RefusedError, converse } from "./conversing";
import type { Span } from "./timing";

export interface Entry {
  number: number;
  isOurs: boolean;
  text: string | null;
  content: Blob | null;
  bytes: number;
  seconds: number;
}

export interface Conversation {
  phase: "idle" | "connecting" | "open" | "closed";
  id: string;
  requestId: string;
  protocol: string;
  began: number;
  entries: Entry[];
  /** Of the earliest messages, which are kept no more. */
  dropped: number;
  closed: Closed | null;
  error: ApiError | null;
  spans: Span[] | null;
}

const NONE: Conversation = {
  phase: "idle",
  id: "",
  requestId: "",
  protocol: "",
  began: 0,
  entries: [],
  dropped: 0,
  closed: null,
  error: null,
  spans: null,
};

export const MOST_ENTRIES = 200;

/** With one more message; the earliest go. */
export function withEntry(before: Conversation, entry: Omit<Entry, "number">): Conversation {
  const number = before.dropped + before.entries.length + 1;
  const entries = [...before.entries, { ...entry, number }];
  const more = Math.max(0, entries.length - MOST_ENTRIES);
  return { ...before, entries: entries.slice(more), dropped: before.dropped + more };
}

export function useConversation(path: string) {
  const [state, setState] = useState(NONE);
  const leaving = useRef<AbortController | null>(null);
  useEffect(() => () => leaving.current?.abort(), [path]);
  const connect = (wanted: { path: string; protocols: string[] }): void => {
    leaving.current?.abort();
    const mine = (leaving.current = new AbortController());
    const change = (changed: (before: Conversation) => Conversation): void => {
      if (mine === leaving.current && !mine.signal.aborted) setState(changed);
    };
    setState({ ...NONE, phase: "connecting" });
    let requestId = "";
    converse(path, wanted, mine.signal, {
      onOpen: ({ id, request_id, protocol }) => {
        requestId = request_id;
        change((before) => ({ ...before, phase: "open", id, requestId, protocol, began: performance.now() }));
      },
      onMessage: (message: Received) => change((before) => withEntry(before, { ...message, isOurs: false })),
      onClose: (closed) => change((before) => ({ ...before, phase: "closed", closed })),
    })
      .catch((failed: unknown) => {
        if (failed instanceof RefusedError) requestId = failed.requestId;
        if (failed instanceof ApiError) change((before) => ({ ...before, phase: "closed", error: failed, requestId }));
      })
      .then(async () => {
        const spans = await recorded(path, requestId, mine.signal);
        change((before) => ({ ...before, spans }));
      });
  };
  const leave = (): void => {
    leaving.current?.abort();
    setState(NONE);
  };
  const sent = (message: string | File): void => {
    const isText = typeof message === "string";
    const size = isText ? new TextEncoder().encode(message).length : message.size;
    setState((before) =>
      withEntry(before, { isOurs: true, text: isText ? message : null, content: isText ? null : message, bytes: size, seconds: (performance.now() - before.began) / 1000 }),
    );
  };
  return { state, connect, leave, sent };
}
