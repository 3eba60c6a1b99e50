/** One request: sent, its answer as it comes, and its waterfall, whatever its status. */
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError } from "../../api/errors";
import { Problem } from "../../components/notes";
import { bytes, seconds } from "../../format";
import { type Answer, type Order, ask, recorded } from "./asking";
import { Content } from "./content";
import { Waterfall } from "./spans";

export interface Asked {
  answer: Answer | null;
  error: ApiError | null;
  isBusy: boolean;
  send(order: Order): void;
  cancel(): void;
}

interface PanelProps {
  asked: Asked;
  /** What would be sent; null while it is not valid. */
  order: Order | null;
  /** Of a request in the console, by its id. */
  linkTo(requestId: string): string;
}

export function AnswerPanel({ asked: { answer, error, isBusy, send, cancel }, order, linkTo }: PanelProps) {
  return (
    <section class="panel" aria-label="Answer" aria-busy={isBusy}>
      <div class="row">
        <button type="button" class="primary" disabled={order === null || isBusy} onClick={() => order && send(order)} title="Ctrl+Enter">
          Send
        </button>
        <button type="button" disabled={!isBusy} onClick={cancel}>
          Cancel
        </button>
        <span role="status">{answer === null ? (isBusy ? "Waiting for the answer…" : "") : <Told answer={answer} />}</span>
      </div>
      {error !== null && <Problem error={error} />}
      {answer === null && error === null && !isBusy && <p class="soft hint">The answer, its id and where its time went are shown here.</p>}
      {answer !== null && (
        <>
          {answer.fault !== null && <Problem error={new ApiError(answer.status, "", answer.fault.message, answer.fault.hint)} />}
          <Content answer={answer} />
          <Identity requestId={answer.requestId} linkTo={linkTo} />
          <Waterfall spans={answer.spans} />
          {answer.isOver && <Headers headers={answer.headers} />}
        </>
      )}
    </section>
  );
}

export function Identity({ requestId, linkTo }: { requestId: string; linkTo(requestId: string): string }) {
  if (requestId === "") return null;
  return (
    <p class="soft mono wide">
      <a href={linkTo(requestId)}>{requestId}</a>
    </p>
  );
}

function Told({ answer }: { answer: Answer }) {
  const tone = answer.status >= 500 ? "bad" : answer.status >= 400 ? "warn" : "good";
  return (
    <>
      {answer.isOver ? <b class={tone}>{answer.status}</b> : "Streaming"}, {seconds(answer.seconds)}
      <span class="soft">
        {" "}
        ({bytes(answer.bytes)}, first byte after {seconds(answer.firstByte)})
      </span>
    </>
  );
}

function Headers({ headers }: { headers: [string, string][] }) {
  return (
    <details>
      <summary class="soft">Headers</summary>
      <dl class="heads mono">
        {headers.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

/** A request at a time, to the deployment at `path`. Leaving the page, or sending another, leaves this one. */
export function useAnswer(path: string): Asked {
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [isBusy, setBusy] = useState(false);
  const leaving = useRef<AbortController | null>(null);
  useEffect(() => () => leaving.current?.abort(), [path]);
  const send = (order: Order): void => {
    leaving.current?.abort();
    const mine = (leaving.current = new AbortController());
    setAnswer(null);
    setError(null);
    setBusy(true);
    let last: Answer | null = null;
    const told = (now: Answer): void => {
      if (!mine.signal.aborted) setAnswer((last = now));
    };
    ask(path, order, mine.signal, told)
      .catch((failed: unknown) => {
        if (failed instanceof ApiError && !mine.signal.aborted) setError(failed);
      })
      .then(async () => {
        if (mine === leaving.current) setBusy(false);
        const spans = last === null || mine.signal.aborted ? null : await recorded(path, last.requestId, mine.signal);
        if (spans !== null && !mine.signal.aborted) setAnswer((before) => before && { ...before, spans });
      });
  };
  const cancel = (): void => {
    leaving.current?.abort();
    setBusy(false);
    setError(new ApiError(0, "cancelled", "You left before the answer was whole", "work that cannot be stopped holds its slot until it ends"));
  };
  return { answer, error, isBusy, send, cancel };
}
