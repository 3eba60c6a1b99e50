/** A WebSocket to a model: connect, send, receive, close. */
import { useEffect, useRef, useState } from "preact/hooks";
import { Field, TextField } from "../../components/field";
import { Problem } from "../../components/notes";
import { tellError } from "../../components/toasts";
import { bytes, seconds } from "../../format";
import { Identity } from "./answer";
import { Shown } from "./content";
import { close, faultOfCode, meaningOf, say } from "./conversing";
import { FileButton } from "./file_button";
import { textOf } from "./input";
import type { WayProps } from "./predict";
import { onSendKeys } from "./send_keys";
import { Waterfall } from "./spans";
import { type Entry, useConversation } from "./websocket_state";

const MOST_SHOWN = 4000;

export function WebSocketTrial({ path, deployment, query, onQuery, linkTo }: WayProps) {
  const { state, connect, leave, sent } = useConversation(path);
  const [protocols, setProtocols] = useState("");
  const [text, setText] = useState(() => (deployment.example_input === null ? "" : textOf(deployment.example_input)));
  const target = query.get("path") ?? "websocket";
  const isOpen = state.phase === "open";
  const offered = protocols.split(/[\s,]+/).filter((one) => one !== "");
  const send = (message: string | File): void => {
    sent(message); // before its echo
    say(path, state.id, message).catch(tellError);
  };
  return (
    <div class="halves">
      <section class="panel asked" aria-label="WebSocket">
        <div class="row">
          <button type="button" class="primary" disabled={state.phase === "open" || state.phase === "connecting"} onClick={() => connect({ path: target, protocols: offered })}>
            Connect
          </button>
          {state.phase === "connecting" && (
            <button type="button" onClick={leave}>
              Cancel
            </button>
          )}
          <span role="status">{phaseTold(state)}</span>
        </div>
        <details>
          <summary class="soft">Path and subprotocols</summary>
          <TextField
            label="Path, with its query"
            value={target}
            onValue={(now) => onQuery({ path: now === "websocket" ? "" : now })}
            hint={
              <>
                <code>websocket</code>, or <code>sync/</code> and a path of a server of its own
              </>
            }
          />
          <TextField label="Subprotocols" value={protocols} onValue={setProtocols} hint="offered in this order, with commas between" />
        </details>
        <div onKeyDown={onSendKeys(() => isOpen && send(text))}>
          <Field label="Message" hint="Ctrl+Enter sends it as text" control={(ids) => <textarea {...ids} rows={4} spellcheck={false} value={text} onInput={(event) => setText(event.currentTarget.value)} />} />
          <div class="row">
            <button type="button" class="primary" disabled={!isOpen} onClick={() => send(text)}>
              Send
            </button>
            {isOpen && <FileButton label="A file as a binary message" text="Send a file…" onFile={send} />}
          </div>
        </div>
        <Closing isOpen={isOpen} onClose={(code, reason) => close(path, state.id, code, reason).catch(tellError)} />
      </section>
      <section class="panel" aria-label="Conversation">
        {state.error !== null && <Problem error={state.error} />}
        <Entries entries={state.entries} dropped={state.dropped} />
        {state.closed !== null && (
          <p role="status">
            Closed by {state.closed.by_model ? "the model" : "you"} with <b>{state.closed.code}</b>, {meaningOf(state.closed.code)}
            {state.closed.reason && `: “${state.closed.reason}”`}, after {seconds(state.closed.seconds)}.
          </p>
        )}
        <Identity requestId={state.requestId} linkTo={linkTo} />
        {state.spans !== null && <Waterfall spans={state.spans} />}
      </section>
    </div>
  );
}

function phaseTold({ phase, protocol }: { phase: string; protocol: string }): string {
  if (phase === "connecting") return "Waiting for a slot…";
  if (phase === "open") return protocol === "" ? "Open; it holds a slot" : `Open, as ${protocol}; it holds a slot`;
  return phase === "closed" ? "Closed" : "";
}

function Closing({ isOpen, onClose }: { isOpen: boolean; onClose(code: number, reason: string): void }) {
  const [code, setCode] = useState("1000");
  const [reason, setReason] = useState("");
  const fault = faultOfCode(code);
  return (
    <div class="row closing">
      <button type="button" disabled={!isOpen || fault !== ""} onClick={() => onClose(Number(code), reason)}>
        Close
      </button>
      <Field label="Code" error={fault} control={(ids) => <input {...ids} inputMode="numeric" class="number" value={code} onInput={(event) => setCode(event.currentTarget.value)} />} />
      <Field label="Reason" control={(ids) => <input {...ids} maxLength={123} value={reason} onInput={(event) => setReason(event.currentTarget.value)} />} />
    </div>
  );
}

function Entries({ entries, dropped }: { entries: Entry[]; dropped: number }) {
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const { current } = list;
    if (current !== null) current.scrollTop = current.scrollHeight;
  }, [entries]);
  if (entries.length === 0) return <p class="soft">No message yet.</p>;
  return (
    <>
      {dropped > 0 && <p class="soft">{dropped} earlier ones are not shown.</p>}
      <div class="log" ref={list} role="log" aria-label="Messages" tabIndex={0}>
        {entries.map((one) => (
          <article key={one.number} class={one.isOurs ? "said user" : "said assistant"} aria-label={`Message ${one.number}`}>
            <small>
              {one.isOurs ? "You" : "Model"}, {bytes(one.bytes)}, at {seconds(one.seconds)}
            </small>
            {one.text !== null && (
              <p class="words mono">
                {one.text.slice(0, MOST_SHOWN)}
                {one.bytes > MOST_SHOWN && one.text.length > MOST_SHOWN && " … the rest is not shown"}
              </p>
            )}
            {one.content !== null && <Shown medium={{ name: `message-${one.number}`, type: one.content.type, content: one.content }} />}
          </article>
        ))}
      </div>
    </>
  );
}
