/** Requests that ended lately, as waterfalls; a link can name one of them. */
import { useState } from "preact/hooks";
import { useLoaded } from "../../api/loaded";
import type { RequestRecord } from "../../api/types";
import { Empty, Loading, Problem } from "../../components/notes";
import { Field } from "../../components/field";
import { type Column, Table } from "../../components/table";
import { bytes, clock, count, seconds } from "../../format";
import { STAGES } from "../../api/stages";
import { parts } from "./waterfall";

interface RequestsProps {
  path: string;
  chosen: string | null;
  linkTo(requestId: string): string;
}

export function Requests({ path, chosen, linkTo }: RequestsProps) {
  const [sortBy, setSortBy] = useState("ended_at");
  const { value, error } = useLoaded<{ requests: RequestRecord[]; sampled_out: number }>(`${path}/requests?limit=200&sort_by=${sortBy}`, 3);
  return (
    <section class="stack" aria-label="Requests that ended lately">
      {chosen !== null && <Chosen path={path} requestId={chosen} />}
      <div class="row">
        <Field
          label="Kept first"
          control={(ids) => (
            <select {...ids} value={sortBy} onChange={(event) => setSortBy(event.currentTarget.value)}>
              <option value="ended_at">the newest</option>
              <option value="seconds">the longest</option>
              {STAGES.map((one) => (
                <option key={one} value={one}>
                  longest {one.replace("_", " ")}
                </option>
              ))}
            </select>
          )}
        />
        {value !== null && value.sampled_out > 0 && <span class="soft">{count(value.sampled_out)} were not recorded</span>}
      </div>
      {error !== null && <Problem error={error} />}
      {value === null ? (
        error === null && <Loading />
      ) : value.requests.length === 0 ? (
        <Empty title="No request has ended yet" />
      ) : (
        <Table
          key={sortBy}
          label="Requests"
          rows={value.requests}
          columns={columns(linkTo)}
          rowKey={(one) => one.request_id}
          initial={{ key: sortBy, isDescending: true }}
          rowClass={(one) => (one.request_id === chosen ? "is-chosen" : "")}
        />
      )}
    </section>
  );
}

function columns(linkTo: (requestId: string) => string): Column<RequestRecord>[] {
  return [
    { key: "id", label: "Request", cell: (one) => <a class="mono" href={linkTo(one.request_id)} title={one.request_id}>…{one.request_id.slice(-10)}</a> },
    { key: "ended_at", label: "Ended", isNumber: true, by: (one) => one.ended_at, cell: (one) => clock(one.ended_at) },
    { key: "status", label: "Status", isNumber: true, by: (one) => one.status, cell: (one) => <Told request={one} /> },
    { key: "replica", label: "Replica", by: (one) => one.replica_id, cell: (one) => one.replica_id },
    { key: "seconds", label: "In all", isNumber: true, by: (one) => one.seconds, cell: (one) => seconds(one.seconds) },
    { key: "waterfall", label: "Where it went", cell: (one) => <Waterfall request={one} /> },
    ...STAGES.map((stage) => ({
      key: stage,
      label: stage.replace("_", " "),
      isNumber: true,
      by: (one: RequestRecord) => one.stages[stage],
      cell: (one: RequestRecord) => seconds(one.stages[stage]),
    })),
  ];
}

function Told({ request }: { request: RequestRecord }) {
  const isBad = request.status >= 500 || request.status === 0;
  return (
    <span class={isBad ? "bad" : request.status >= 400 ? "warn" : ""} title={request.outcome}>
      {request.status || request.outcome}
    </span>
  );
}

function Waterfall({ request }: { request: RequestRecord }) {
  const shown = parts(request.stages, request.seconds);
  const text = shown.map((one) => `${one.stage.replace("_", " ")} ${seconds(one.seconds)}`).join(", ");
  return (
    <div class="waterfall" role="img" aria-label={text} title={text}>
      {shown.map((one) => (
        <i key={one.stage} style={{ width: `${one.share * 100}%`, background: `var(--${one.stage}, var(--line))` }} />
      ))}
    </div>
  );
}

function Chosen({ path, requestId }: { path: string; requestId: string }) {
  const { value, error } = useLoaded<RequestRecord>(`${path}/requests/${encodeURIComponent(requestId)}`);
  if (value === null) return error === null ? <Loading /> : <Problem error={error} />;
  return (
    <article class="panel chosen" aria-label={`Request ${requestId}`}>
      <h2 class="mono">{requestId}</h2>
      <p>
        <Told request={value} /> {value.outcome}, {seconds(value.seconds)}, at {clock(value.arrived_at)}
        {value.replica_id && ` on ${value.replica_id}`}; {bytes(value.request_bytes)} in, {bytes(value.response_bytes)} out
        {value.trace_id && <span class="mono"> trace {value.trace_id}</span>}
      </p>
      <Waterfall request={value} />
      <ul class="legend">
        {parts(value.stages, value.seconds).map((one) => (
          <li key={one.stage}>
            <i style={{ background: `var(--${one.stage}, var(--line))` }} />
            {one.stage.replace("_", " ")} {seconds(one.seconds)}
          </li>
        ))}
      </ul>
    </article>
  );
}
