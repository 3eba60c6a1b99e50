/** One line: when, at which level, where, what, for which request; its traceback and what was written a click away. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { count, plural } from "../../../format";
import type { Parameters } from "../../../router";
import type { LogEntry } from "./entries";
import { type Filters, around } from "./filters";
import { type Marks, type Span, pieces } from "./marks";
import { asWritten, isJson } from "./text";

/** Characters of a message that are shown at once. */
const LONG = 1000;
/** And of the exception that a folded traceback is about. */
const LONGEST_SUBJECT = 300;

export interface LineProps {
  line: LogEntry & { number?: number };
  marks: Marks | null;
  filters: Pick<Filters, "unfold" | "mark">;
  /** What is unfolded, by line and part; it outlives what is drawn. */
  opened: Set<string>;
  linkTo(asked: Parameters): string;
}

export function Line({ line, marks, filters, opened, linkTo }: LineProps) {
  const part = (name: string): string => `${line.number ?? 0} ${name}`;
  const isMarked = filters.mark !== "" && line.at === filters.mark;
  return (
    <div class={`log-line ${line.level === null ? "" : `is-${line.level}`} ${isMarked ? "is-marked" : ""}`}>
      <time dateTime={line.at ?? ""} title={line.at === null ? "" : new Date(line.at).toString()}>
        {line.at}
      </time>
      <b>{line.level}</b>
      <span class="log-replica">{line.replica}</span>
      <div class="log-said">
        <Message text={line.message} spans={marks?.message ?? []} />
        {line.request_id !== null && (
          <a class="log-request" href={linkTo({ tab: "requests", request: line.request_id })} title={`The request ${line.request_id}`}>
            request={line.request_id}
          </a>
        )}
        {line.traceback !== null && (
          <Part name="traceback" id={part("traceback")} opened={opened} isOpen={filters.unfold} label={folded(line.message, line.traceback)}>
            <pre>
              <Marked text={line.traceback} spans={marks?.traceback ?? []} />
            </pre>
          </Part>
        )}
      </div>
      {isMoreWritten(line) && (
        <Part name="written" id={part("written")} opened={opened} isOpen={false} isMarked={marks?.inLine ?? false} label={isJson(line.line) ? "JSON" : "as written"}>
          <pre>{asWritten(line.line)}</pre>
          {line.at !== null && <a href={linkTo(around(line.at))}>what came around it</a>}
        </Part>
      )}
    </div>
  );
}

/** Whether the line as it was written has more than its time, its level and what is shown. */
const isMoreWritten = ({ line, message }: LogEntry): boolean => isJson(line) || !line.trimEnd().endsWith(message);

/** What the traceback is about, unless the message has said so. */
function folded(message: string, traceback: string): string {
  const lines = traceback.split("\n");
  const subject = (lines.findLast((one) => /^\S/.test(one)) ?? "").slice(0, LONGEST_SUBJECT);
  const size = `traceback, ${plural(lines.length, "line")}`;
  return subject === "" || message.includes(subject) ? size : `${subject} (${size})`;
}

function Message({ text, spans }: { text: string; spans: Span[] }) {
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole || text.length <= LONG ? text : text.slice(0, LONG);
  const beyond = spans.filter(([, to]) => to > shown.length).length;
  return (
    <>
      <span class="log-message">
        <Marked text={shown} spans={spans.filter(([, to]) => to <= shown.length)} />
      </span>
      {shown !== text && (
        <button type="button" class="quiet" onClick={() => setWhole(true)}>
          … {plural(text.length - shown.length, "more character")}{beyond > 0 && `, ${count(beyond)} found there`}
        </button>
      )}
    </>
  );
}

const Marked = ({ text, spans }: { text: string; spans: Span[] }) => (
  <>{spans.length === 0 ? text : pieces(text, spans).map((one) => (one.isMarked ? <mark>{one.text}</mark> : one.text))}</>
);

interface PartProps {
  name: string;
  id: string;
  label: string;
  opened: Set<string>;
  /** As long as nobody has said otherwise. */
  isOpen: boolean;
  isMarked?: boolean;
  children: ComponentChildren;
}

/** A part of a line that is unfolded by its button. */
function Part({ name, id, label, opened, isOpen, isMarked = false, children }: PartProps) {
  const [isTurned, setTurned] = useState(opened.has(id));
  const isShown = isTurned !== isOpen;
  const turn = (): void => {
    if (isTurned) opened.delete(id);
    else opened.add(id);
    setTurned(!isTurned);
  };
  return (
    <>
      <button type="button" class={`quiet log-part is-${name}`} aria-expanded={isShown} onClick={turn}>
        <span aria-hidden="true">{isShown ? "▾ " : "▸ "}</span>
        {isMarked ? <mark>{label}</mark> : label}
      </button>
      {isShown && <div class="log-below">{children}</div>}
    </>
  );
}
