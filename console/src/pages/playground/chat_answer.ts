/** One answer of a conversation, as it comes. */
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError } from "../../api/errors";
import { type Answer, type Order, ask, recorded } from "./asking";
import { ChatReader, type Message, NOTHING, type Said } from "./chatting";

export interface Chatting {
  said: Said;
  answer: Answer | null;
  error: ApiError | null;
  /** Seconds until the first of it that says something; null until then. */
  firstToken: number | null;
  isBusy: boolean;
  send(order: Order): void;
  stop(): void;
}

interface State {
  said: Said;
  answer: Answer | null;
  error: ApiError | null;
  firstToken: number | null;
  isBusy: boolean;
}

const IDLE: State = { said: NOTHING, answer: null, error: null, firstToken: null, isBusy: false };

/** `onSaid` is told what was said when it is over, also by a stop or a break. */
export function useChat(path: string, onSaid: (message: Message) => void): Chatting {
  const [state, setState] = useState(IDLE);
  const leaving = useRef<AbortController | null>(null);
  useEffect(() => () => leaving.current?.abort(), [path]);
  const send = (order: Order): void => {
    leaving.current?.abort();
    const mine = (leaving.current = new AbortController());
    const isMine = (): boolean => mine === leaving.current;
    setState({ ...IDLE, isBusy: true });
    let reader: ChatReader | null = null;
    let said = NOTHING;
    let id = "";
    const change = (changes: Partial<State>): void => {
      if (isMine()) setState((before) => ({ ...before, ...changes }));
    };
    const onText = (piece: string, answer: Answer): void => {
      if (answer.status >= 400) return;
      reader ??= new ChatReader();
      const before = said.pieces;
      said = reader.push(piece);
      change(before === 0 && said.pieces > 0 ? { said, firstToken: answer.seconds } : { said });
    };
    const onAnswer = (answer: Answer): void => {
      id = answer.requestId;
      if (answer.isOver && reader !== null) {
        const before = said.pieces;
        said = reader.end();
        if (before === 0 && said.pieces > 0) change({ firstToken: answer.seconds });
      }
      change({ answer, said });
    };
    ask(path, order, mine.signal, onAnswer, onText)
      .catch((failed: unknown) => failed instanceof ApiError && !mine.signal.aborted && change({ error: failed }))
      .then(async () => {
        if (!isMine()) return;
        if (said.content || said.thought || said.calls) onSaid({ role: "assistant", content: said.content, thought: said.thought, calls: said.calls });
        change({ isBusy: false });
        const spans = await recorded(path, id, new AbortController().signal);
        if (spans !== null && isMine()) setState((before) => ({ ...before, answer: before.answer && { ...before.answer, spans } }));
      });
  };
  return { ...state, send, stop: () => leaving.current?.abort() };
}
