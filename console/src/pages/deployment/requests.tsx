/** Requests that ended lately: those that are asked for, what all of them took, and one of them in full. */
import { useMemo } from "preact/hooks";
import { useLoaded } from "../../api/loaded";
import { STAGES } from "../../api/stages";
import type { RequestRecord, Requests as Found } from "../../api/types";
import { Empty, Loading, Problem } from "../../components/notes";
import { bytes, count, plural, seconds } from "../../format";
import { changedHash, replaceQuery } from "../../router";
import { RequestFilters, words } from "./request_filters";
import { LONGEST, NO_FILTERS, PAGE, type RequestQuery, asked, isFiltered, requestQuery } from "./request_query";
import { RequestTable, Told, Waterfall, partWords, when } from "./request_table";
import { FIRST } from "./span";
import { parts } from "./waterfall";
import "./requests.css";

/** So many fit on a screen. */
const FEW = 20;
const SHARES = ["p50", "p90", "p95", "p99"] as const;

export function Requests({ path, query: given }: { path: string; query: string }) {
  const address = useMemo(() => new URLSearchParams(given), [given]);
  const query = requestQuery(address);
  const chosen = address.get("request");
  const { value, error } = useLoaded<Found>(`${path}/requests?${asked(query)}`, 3);
  return (
    <section class="stack" aria-label="Requests that ended lately">
      {chosen !== null && <Chosen path={path} requestId={chosen} />}
      <RequestFilters query={query} found={value} />
      {error !== null && <Problem error={error} />}
      {value === null ? error === null && <Loading /> : <Shown found={value} query={query} chosen={chosen} />}
    </section>
  );
}

function Shown({ found, query, chosen }: { found: Found; query: RequestQuery; chosen: string | null }) {
  if (found.kept === 0) return <Empty title="No request has ended yet" />;
  if (found.matched === 0)
    return (
      <Empty title={`None of ${plural(found.kept, "kept request")} fits`}>
        {isFiltered(query) && <a href={changedHash(location.hash, NO_FILTERS)}>Clear filters</a>}
      </Empty>
    );
  return (
    <>
      <Summary found={found} query={query} />
      <Pages label="Pages" found={found} query={query} />
      <Legend />
      <RequestTable requests={found.requests} query={query} chosen={chosen} />
      {found.requests.length > FEW && <Pages label="Pages, below" found={found} query={query} />}
    </>
  );
}

/** Of all that fit, on whatever page. */
function Summary({ found, query }: { found: Found; query: RequestQuery }) {
  const by = LONGEST.find((one) => one === query.sortBy) ?? "seconds";
  const times = found.times[by];
  return (
    <div class="times">
      <p>
        <b>{count(found.matched)}</b> of {plural(found.kept, "kept request")} {found.matched === 1 ? "fits" : "fit"}
        {found.sampled_out > 0 && <span class="soft">; {count(found.sampled_out)} more were not recorded</span>}
      </p>
      {times !== undefined && (
        <p aria-label={`${timeWords(by)} of all that fit`}>
          {timeWords(by)}:{" "}
          {SHARES.map((one) => (
            <span key={one} class="share">
              {one} <b>{seconds(times[one])}</b>
            </span>
          ))}
        </p>
      )}
      <details>
        <summary>by stage</summary>
        <table aria-label="Times of all that fit">
          <thead>
            <tr>
              <th scope="col">Time</th>
              {SHARES.map((one) => (
                <th key={one} scope="col" class="number">
                  {one}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {LONGEST.map((name) => ({ name, its: found.times[name] })).map(
              ({ name, its }) =>
                its !== undefined && (
                  <tr key={name}>
                    <th scope="row">{timeWords(name)}</th>
                    {SHARES.map((one) => (
                      <td key={one} class="number">
                        {seconds(its[one])}
                      </td>
                    ))}
                  </tr>
                ),
            )}
          </tbody>
        </table>
      </details>
    </div>
  );
}

const timeWords = (name: string): string => (name === "seconds" ? "in all" : words(name));

const Legend = () => (
  <ul class="legend" aria-label="Stages">
    {STAGES.map((one) => (
      <li key={one}>
        <i style={{ background: `var(--${one})` }} />
        {words(one)}
      </li>
    ))}
    <li>
      <i style={{ background: "var(--edge)" }} />
      not told
    </li>
  </ul>
);

/** Older pages stand still, or what comes would push requests from one to the next. */
function Pages({ label, found, query }: { label: string; found: Found; query: RequestQuery }) {
  const { page } = query;
  const last = Math.ceil(found.matched / PAGE);
  const still = String(query.before ?? (found.requests[0]?.ended_at ?? 0) + 1e-6);
  const before = query.sortBy === "ended_at" || query.before !== null ? still : String(Date.now() / 1000);
  const go = (to: number): string => changedHash(location.hash, { page: to === 1 ? "" : String(to), before });
  return (
    <nav class="row" aria-label={label}>
      <span>
        {count((page - 1) * PAGE + 1)} to {count((page - 1) * PAGE + found.requests.length)} of {count(found.matched)}
      </span>
      {page > 1 && <a href={go(page - 1)}>Previous {PAGE}</a>}
      {page < last && <a href={go(page + 1)}>Next {PAGE}</a>}
      {query.before === null ? (
        <button type="button" onClick={() => replaceQuery({ before })}>
          Hold still
        </button>
      ) : (
        <>
          <span class="soft">as of {when(query.before)}</span>
          <a href={changedHash(location.hash, FIRST)}>Show what comes</a>
        </>
      )}
    </nav>
  );
}

function Chosen({ path, requestId }: { path: string; requestId: string }) {
  const { value, error } = useLoaded<RequestRecord>(`${path}/requests/${encodeURIComponent(requestId)}`);
  return (
    <article class="panel chosen" aria-label={`Request ${requestId}`}>
      <h2 class="row">
        <span class="mono">{requestId}</span>
        <a href={`${location.hash.split("?", 1)[0] ?? ""}?${new URLSearchParams({ tab: "logs", request: requestId }).toString()}`}>Its log lines</a>
        <a href={changedHash(location.hash, { request: "" })}>Close</a>
      </h2>
      {value === null ? error === null ? <Loading /> : <Problem error={error} /> : <InFull request={value} />}
    </article>
  );
}

function InFull({ request }: { request: RequestRecord }) {
  const { first_byte, ended_in } = request;
  return (
    <>
      <p>
        <Told request={request} />
        {ended_in !== "" && ` in ${words(ended_in)}`}, {seconds(request.seconds)} in all
        {first_byte !== null && `, first byte after ${seconds(first_byte)}`}; from {when(request.arrived_at)} to {when(request.ended_at)}
        {request.replica_id && ` on ${request.replica_id}`}; {bytes(request.request_bytes)} in, {bytes(request.response_bytes)} out
        {request.trace_id && <span class="mono"> trace {request.trace_id}</span>}
      </p>
      <Waterfall request={request} />
      <ul class="legend">
        {parts(request.stages, request.seconds).map((one) => (
          <li key={one.stage}>
            <i style={{ background: `var(--${one.stage}, var(--edge))` }} />
            {partWords(one.stage, request)} {seconds(one.seconds)}
          </li>
        ))}
      </ul>
    </>
  );
}
