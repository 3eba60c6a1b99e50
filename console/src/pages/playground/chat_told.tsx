/** How an answer of a conversation came: its status, how soon and how fast, and its waterfall. */
import { ApiError } from "../../api/errors";
import { Problem } from "../../components/notes";
import { count, digits, seconds } from "../../format";
import { Identity } from "./answer";
import type { Chatting } from "./chat_answer";
import { Waterfall } from "./spans";

export function ChatAnswer({ chat, linkTo }: { chat: Chatting; linkTo(requestId: string): string }) {
  const { answer, error, said, firstToken, isBusy } = chat;
  return (
    <section class="panel" aria-label="Answer" aria-busy={isBusy}>
      <h2>Answer</h2>
      {error !== null && <Problem error={error} />}
      {said.error !== "" && <Problem error={new ApiError(0, "", said.error)} />}
      {answer === null ? (
        <p class="soft" role="status">
          {isBusy ? "Waiting for the answer…" : "How soon and how fast it comes is shown here."}
        </p>
      ) : (
        <>
          {answer.fault !== null && <Problem error={new ApiError(answer.status, "", answer.fault.message, answer.fault.hint)} />}
          {answer.isOver && answer.status >= 400 && answer.fault === null && <pre class="answer">{answer.text.slice(0, 2000)}</pre>}
          <dl class="told">
            <Fact name="status" value={isBusy ? "streaming" : String(answer.status)} />
            <Fact name="first token" value={seconds(firstToken)} />
            <Fact name="in all" value={seconds(answer.seconds)} />
            <Fact name={said.usage?.completion_tokens === undefined ? "pieces" : "tokens"} value={count(said.usage?.completion_tokens ?? said.pieces)} />
            <Fact name="per second" value={rateOf(chat)} />
            {said.finish !== "" && <Fact name="ended by" value={said.finish} />}
          </dl>
          <Identity requestId={answer.requestId} linkTo={linkTo} />
          {isBusy ? <p class="soft">Where its time goes is known when it has ended.</p> : <Waterfall spans={answer.spans} />}
        </>
      )}
    </section>
  );
}

const Fact = ({ name, value }: { name: string; value: string }) => (
  <div>
    <dt>{name}</dt>
    <dd>{value}</dd>
  </div>
);

/** From the first on: the wait before it is told apart. */
function rateOf({ answer, said, firstToken }: Chatting): string {
  const all = said.usage?.completion_tokens ?? said.pieces;
  const lasted = answer === null || firstToken === null ? 0 : answer.seconds - firstToken;
  return all > 1 && lasted > 0 ? digits((all - 1) / lasted) : "–";
}
