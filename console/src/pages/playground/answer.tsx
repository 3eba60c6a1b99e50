/** One request: sent, its answer as it comes, and its waterfall. */
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError } from "../../api/errors";
import { Problem } from "../../components/notes";
import { seconds } from "../../format";
import { type Answer, MOST_TEXT, ask, recorded } from "./asking";
import { readable } from "./input";
import { Waterfall } from "./spans";

export function AnswerPanel({ path, text, isValid }: { path: string; text: string; isValid: boolean }) {
  const { answer, error, isBusy, send, cancel } = useAnswer(path);
  return (
    <section class="panel" aria-label="Answer" aria-busy={isBusy}>
      <div class="row">
        <button type="button" class="primary" disabled={!isValid || isBusy} onClick={() => send(text)}>
          Send
        </button>
        <button type="button" disabled={!isBusy} onClick={cancel}>
          Cancel
        </button>
        <span role="status">{answer === null ? (isBusy ? "Waiting for the answer…" : "") : told(answer)}</span>
      </div>
      {error !== null && <Problem error={error} />}
      {answer !== null && (
        <>
          <pre class="answer" tabIndex={0} aria-label="The answer">
            {answer.isOver ? readable(answer.text) : answer.text}
            {answer.text.length >= MOST_TEXT && "\n… the rest is not shown"}
          </pre>
          <p class="soft mono">{answer.requestId}</p>
          <Waterfall spans={answer.spans} />
        </>
      )}
    </section>
  );
}

const told = (answer: Answer): string =>
  `${answer.isOver ? answer.status : "Streaming"}, ${seconds(answer.seconds)}`;

function useAnswer(path: string) {
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [isBusy, setBusy] = useState(false);
  const leaving = useRef<AbortController | null>(null);
  useEffect(() => () => leaving.current?.abort(), [path]);
  const send = (text: string): void => {
    leaving.current?.abort();
    const mine = (leaving.current = new AbortController());
    setAnswer(null);
    setError(null);
    setBusy(true);
    let last: Answer | null = null;
    ask(path, text, mine.signal, (now) => setAnswer((last = now)))
      .then(async () => {
        setBusy(false);
        const spans = last === null ? null : await recorded(path, last.requestId, mine.signal);
        if (spans !== null && !mine.signal.aborted) setAnswer((before) => before && { ...before, spans });
      })
      .catch((failed: unknown) => {
        if (failed instanceof ApiError && !mine.signal.aborted) setError(failed);
      })
      .finally(() => mine === leaving.current && setBusy(false));
  };
  return { answer, error, isBusy, send, cancel: () => leaving.current?.abort() };
}
