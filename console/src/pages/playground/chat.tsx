/** A conversation over `/v1/chat/completions`: tokens as they come, and how soon they came. */
import { useEffect, useRef, useState } from "preact/hooks";
import { Field, TextField } from "../../components/field";
import { addressOf } from "./answers";
import type { Order } from "./asking";
import { type Chatting, useChat } from "./chat_answer";
import { ChatAnswer } from "./chat_told";
import { type Message, chatBody, chatOf } from "./chatting";
import { CopyAs } from "./copy_as";
import { FileButton } from "./file_button";
import { inputOf } from "./input";
import type { WayProps } from "./predict";
import { onSendKeys } from "./send_keys";

const PATH = "sync/v1/chat/completions";

/** What is said to the model beside the messages. */
interface Frame {
  model: string;
  system: string;
  isStream: boolean;
  /** Further fields, as JSON. */
  rest: string;
}

export function Chat({ path, deployment, linkTo }: WayProps) {
  const example = chatOf(deployment.example_input);
  const [frame, setFrame] = useState<Frame>(() => frameOf(example, deployment.model_name));
  const [messages, setMessages] = useState<Message[]>([]);
  const [draft, setDraft] = useState<Message>({ role: "user", content: lastAsked(example.messages) });
  const chat = useChat(path, (said) => setMessages((before) => [...before, said]));
  const rest = restOf(frame.rest);
  const isDraft = draft.content.trim() !== "" || (draft.images ?? []).length > 0;
  const orderOf = (asked: Message[]): Order | null => {
    if (rest === null || asked.length === 0) return null;
    const system: Message[] = frame.system.trim() === "" ? [] : [{ role: "system", content: frame.system }];
    return { method: "POST", path: PATH, contentType: "application/json", body: chatBody(frame.model, [...system, ...asked], frame.isStream, rest) };
  };
  const ask = (asked: Message[]): void => {
    const order = orderOf(asked);
    if (order === null || chat.isBusy) return;
    setMessages(asked);
    chat.send(order);
  };
  const send = (): void => {
    if (!isDraft || rest === null || chat.isBusy) return;
    ask([...messages, draft]);
    setDraft({ role: "user", content: "" });
  };
  const again = (): void => ask(messages.slice(0, messages.findLastIndex((one) => one.role === "user") + 1));
  return (
    <>
      <div class="halves chat">
        <section class="panel asked" aria-label="Conversation">
          <Log messages={messages} chat={chat} />
          <div onKeyDown={onSendKeys(send)}>
            <Composer draft={draft} onDraft={setDraft} />
            <div class="row">
              <button type="button" class="primary" disabled={!isDraft || rest === null || chat.isBusy} onClick={send} title="Ctrl+Enter">
                Send
              </button>
              <button type="button" disabled={!chat.isBusy} onClick={chat.stop}>
                Stop
              </button>
              <button type="button" disabled={chat.isBusy || messages.length === 0} onClick={again}>
                Ask again
              </button>
              <button type="button" class="quiet" disabled={chat.isBusy || messages.length === 0} onClick={() => setMessages([])}>
                Begin anew
              </button>
            </div>
          </div>
        </section>
        <div class="stack">
          <ChatAnswer chat={chat} linkTo={linkTo} />
          <FrameFields frame={frame} onFrame={setFrame} fault={rest === null ? "It is no JSON object" : ""} />
        </div>
      </div>
      <CopyAs deployment={deployment} order={orderOf(isDraft ? [...messages, draft] : messages)} />
    </>
  );
}

function Log({ messages, chat }: { messages: Message[]; chat: Chatting }) {
  const end = useRef<HTMLDivElement>(null);
  const { said, isBusy } = chat;
  useEffect(() => {
    const box = end.current?.parentElement;
    if (box && box.scrollHeight - box.scrollTop - box.clientHeight < 200) box.scrollTop = box.scrollHeight;
  }, [messages, said]);
  if (messages.length === 0 && !isBusy) return <p class="soft">Nothing has been said yet.</p>;
  return (
    <div class="log" role="log" aria-label="What was said" aria-busy={isBusy} tabIndex={0}>
      {messages.map((one, place) => (
        <Bubble key={place} message={one} />
      ))}
      {isBusy && <Bubble message={{ role: "assistant", content: said.content, thought: said.thought, calls: said.calls }} isComing />}
      <div ref={end} />
    </div>
  );
}

const NAMES = { system: "System", user: "You", assistant: "Model" };

function Bubble({ message: { role, content, images = [], thought = "", calls = "" }, isComing = false }: { message: Message; isComing?: boolean }) {
  return (
    <article class={`said ${role}`} aria-label={NAMES[role]}>
      <h3>{NAMES[role]}</h3>
      {thought !== "" && (
        <details open={isComing && content === ""}>
          <summary class="soft">What it thought</summary>
          <p class="words soft">{thought}</p>
        </details>
      )}
      <p class="words">
        {content}
        {isComing && <span class="coming" aria-hidden="true" />}
      </p>
      {calls !== "" && <pre class="answer">{calls}</pre>}
      {images.map((url, place) => (
        <img key={place} src={url} alt={`Picture ${place + 1}`} />
      ))}
    </article>
  );
}

function Composer({ draft, onDraft }: { draft: Message; onDraft(draft: Message): void }) {
  const images = draft.images ?? [];
  const attach = (file: File): void => {
    void addressOf(file).then((url) => onDraft({ ...draft, images: [...images, url] }));
  };
  return (
    <>
      <Field
        label="Message"
        hint="Ctrl+Enter sends it"
        control={(ids) => (
          <textarea {...ids} rows={3} value={draft.content} onInput={(event) => onDraft({ ...draft, content: event.currentTarget.value })} />
        )}
      />
      <div class="row">
        <FileButton label="A picture for the message" text="Picture…" accept="image/*" onFile={attach} />
        {images.map((url, place) => (
          <span key={place} class="row thumb">
            <img src={url} alt={`Picture ${place + 1} to be sent`} />
            <button
              type="button"
              class="quiet"
              aria-label={`Remove picture ${place + 1}`}
              onClick={() => onDraft({ ...draft, images: images.filter((_, other) => other !== place) })}
            >
              ✕
            </button>
          </span>
        ))}
      </div>
    </>
  );
}

function FrameFields({ frame, onFrame, fault }: { frame: Frame; onFrame(frame: Frame): void; fault: string }) {
  const set = (change: Partial<Frame>): void => onFrame({ ...frame, ...change });
  return (
    <section class="panel asked" aria-label="What is said beside the messages">
      <TextField label="Model, as the body names it" value={frame.model} onValue={(model) => set({ model })} hint="A server of its own may know other names" />
      <Field
        label="System message"
        control={(ids) => <textarea {...ids} rows={2} value={frame.system} onInput={(event) => set({ system: event.currentTarget.value })} />}
      />
      <div class="field">
        <label>
          <input type="checkbox" checked={frame.isStream} onChange={(event) => set({ isStream: event.currentTarget.checked })} /> Stream the answer
        </label>
      </div>
      <Field
        label="Further fields, as JSON"
        error={fault}
        hint={
          <>
            say <code>{'{"max_tokens": 200, "temperature": 0}'}</code>
          </>
        }
        control={(ids) => <textarea {...ids} rows={3} spellcheck={false} value={frame.rest} onInput={(event) => set({ rest: event.currentTarget.value })} />}
      />
    </section>
  );
}

function frameOf({ messages, model, rest }: ReturnType<typeof chatOf>, name: string): Frame {
  const system = messages.filter((one) => one.role === "system").map((one) => one.content);
  const isEmpty = Object.keys(rest).length === 0;
  return { model: model || name, system: system.join("\n"), isStream: true, rest: isEmpty ? "" : JSON.stringify(rest, null, 2) };
}

const lastAsked = (messages: Message[]): string => messages.findLast((one) => one.role === "user")?.content ?? "";

function restOf(text: string): Record<string, unknown> | null {
  if (text.trim() === "") return {};
  const { value, fault } = inputOf(text);
  return fault === "" && typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
}
