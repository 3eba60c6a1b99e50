/** A page of requests, each with its times and its waterfall. */
import { STAGES } from "../../api/stages";
import type { RequestRecord } from "../../api/types";
import { clock, day, seconds } from "../../format";
import { changedHash } from "../../router";
import { words } from "./request_filters";
import { type RequestQuery } from "./request_query";
import { FIRST } from "./span";
import { parts, scaleOf } from "./waterfall";

interface RequestTableProps {
  requests: RequestRecord[];
  query: RequestQuery;
  chosen: string | null;
}

export function RequestTable({ requests, query, chosen }: RequestTableProps) {
  const scale = query.isEachOnItsOwn ? 0 : scaleOf(requests);
  const head = (key: string, label: string) => <Head key={key} name={key} label={label} sortBy={query.sortBy} />;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Requests">
      <table class="stacking requests" role="table">
        <thead>
          <tr>
            <th scope="col">Request</th>
            {head("ended_at", "Ended")}
            <th scope="col">Status</th>
            <th scope="col">Replica</th>
            {head("seconds", "In all")}
            {head("first_byte", "First byte")}
            <th scope="col">{scale === 0 ? "Where it went" : `Where it went, up to ${seconds(scale)}`}</th>
            {STAGES.map((stage) => head(stage, words(stage)))}
          </tr>
        </thead>
        <tbody>
          {requests.map((one) => (
            <Row key={one.request_id} request={one} scale={scale} sortBy={query.sortBy} isChosen={one.request_id === chosen} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Control sorts, for it knows all of them. */
function Head({ name, label, sortBy }: { name: string; label: string; sortBy: string }) {
  const isSorted = name === sortBy;
  return (
    <th scope="col" class="number" aria-sort={isSorted ? "descending" : "none"}>
      <a href={changedHash(location.hash, { sort_by: name, ...FIRST })}>
        {label}
        <span aria-hidden="true">{isSorted ? " ↓" : ""}</span>
      </a>
    </th>
  );
}

function Row({ request, scale, sortBy, isChosen }: { request: RequestRecord; scale: number; sortBy: string; isChosen: boolean }) {
  const number = (label: string, value: number | null | undefined, kind = "") => (
    <td key={label} role="cell" class={`number ${kind}`} data-label={label}>
      {seconds(value)}
    </td>
  );
  return (
    <tr role="row" class={isChosen ? "is-chosen" : ""}>
      <td role="cell" data-label="Request">
        <a class="mono" href={changedHash(location.hash, { request: request.request_id })}>
          {request.request_id}
        </a>
      </td>
      <td role="cell" class="number" data-label="Ended">
        {when(request.ended_at)}
      </td>
      <td role="cell" data-label="Status">
        <Told request={request} />
      </td>
      <td role="cell" data-label="Replica">
        {request.replica_id || "–"}
      </td>
      {number("In all", request.seconds)}
      {number("First byte", request.first_byte)}
      <td role="cell" class="bar" data-label="Where it went">
        <Waterfall request={request} scale={scale} />
      </td>
      {STAGES.map((stage) => number(words(stage), request.stages[stage], stage === sortBy ? "" : "stage"))}
    </tr>
  );
}

/** With the day, where that is another one. */
export function when(unix: number): string {
  const at = new Date(unix * 1000);
  return at.toDateString() === new Date().toDateString() ? clock(unix) : `${day(at)} ${clock(unix)}`;
}

export function Told({ request }: { request: RequestRecord }) {
  const { status, outcome } = request;
  const isBad = status >= 500 || status === 0;
  const text = outcome === "finished" ? String(status) : `${status === 0 ? "" : status} ${outcome}`.trim();
  return <span class={isBad ? "bad" : status >= 400 ? "warn" : ""}>{text}</span>;
}

export function Waterfall({ request, scale = 0 }: { request: RequestRecord; scale?: number }) {
  const shown = parts(request.stages, request.seconds, scale);
  const told = shown.map((one) => `${partWords(one.stage, request)} ${seconds(one.seconds)}`);
  const text = told.join(", ") || `${seconds(request.seconds)}, in no stage`;
  return (
    <div class="waterfall" role="img" aria-label={text} title={text}>
      {shown.map((one) => (
        <i key={one.stage} style={{ width: `${one.share * 100}%`, background: `var(--${one.stage}, var(--edge))` }} />
      ))}
    </div>
  );
}

/** What no stage accounts for is time in the replica, where the request did not come back from there. */
export function partWords(stage: string, request: Pick<RequestRecord, "ended_in">): string {
  if (stage !== "other") return words(stage);
  return request.ended_in === "" ? "other" : `up to its end in ${words(request.ended_in)}`;
}
