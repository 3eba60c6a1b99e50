/** One deployment: what goes on in it now, and behind tabs what went on and what to make of it. */
import { useMemo } from "preact/hooks";
import { deploymentPath } from "../../api/client";
import { useLive } from "../../api/live";
import type { Advice, Picture } from "../../api/types";
import { Loading, Problem } from "../../components/notes";
import { StatusBadge } from "../../components/status";
import { Tabs } from "../../components/tabs";
import { count, rate, seconds, sentence } from "../../format";
import { type Parameters, deploymentLink } from "../../router";
import type { PageProps } from "../../routes";
import { ChangeList } from "../history/change_list";
import { Actions } from "./actions";
import { AdviceList } from "./advice";
import { Charts } from "./charts";
import { Decisions } from "./decisions";
import { Logs } from "./logs/logs";
import { PictureView } from "./picture";
import { Requests } from "./requests";
import { useEditing } from "./drafts";
import { usePointed } from "./saturation";
import type { Draft } from "./setting_fields";
import { SettingsForm } from "./settings_form";
import { orderNamed } from "./totals";

const TABS = ["live", "charts", "decisions", "changes", "requests", "logs", "advice"] as const;

export function DeploymentPage({ parameters, query }: PageProps) {
  const { model = "", deployment = "" } = parameters;
  const path = deploymentPath(model, deployment);
  const { value: picture, error } = useLive<Picture>(`${path}/events`);
  const [editing, setEditing] = useEditing(path);
  const tab = TABS.find((one) => one === query.get("tab")) ?? "live";
  const link = (asked: Parameters): string => deploymentLink(model, deployment, "", asked);
  const tabs = TABS.map((key) => ({ key, label: key, href: link(key === "live" ? {} : { tab: key }) }));
  const fill = (change: Advice["change"]): void => {
    setEditing((before) => ({ ...before, base: null, draft: draftOf(change), foundFrom: null }));
    location.hash = link({});
  };
  const tryLink = (change: Advice["change"]): string => deploymentLink(model, deployment, "/what-if", draftOf(change));
  usePointed(query.get("setting"));
  const asked = query.toString();
  const { status, reason = "" } = picture?.deployment ?? {};
  const replicas = picture?.replicas.map((one) => one.id).join(" ") ?? "";
  // Two pictures a second must not draw anew what does not follow from them.
  const past = useMemo(() => {
    if (tab === "charts") return <Charts path={path} query={asked} />;
    if (tab === "decisions") return <Decisions path={path} />;
    if (tab === "changes") return <ChangeList path={path} nameOf={(id) => id} />;
    if (tab === "requests") return <Requests path={path} query={asked} />;
    if (tab === "logs" && status !== undefined) return <Logs path={path} query={query} status={status} reason={reason} replicas={replicas.split(" ")} linkTo={link} />;
    return tab === "advice" ? <AdviceList path={path} onApply={fill} linkTo={tryLink} /> : null;
  }, [path, tab, asked, ...(tab === "logs" ? [status, reason, replicas] : [])]);
  if (picture === null) return error === null ? <Loading /> : <Problem error={error} />;
  return (
    <>
      <Facts picture={picture} isLive={tab === "live"} linkTo={link} />
      <Tabs label="Deployment" tabs={tabs} chosen={tab} />
      {tab === "live" && (
        <div class="beside">
          <PictureView picture={picture} order={orderNamed(query.get("sort"))} linkTo={link} />
          <SettingsForm path={path} deployment={picture.deployment} editing={editing} onEdit={setEditing} />
        </div>
      )}
      {past}
    </>
  );
}

const draftOf = (change: Advice["change"]): Draft =>
  Object.fromEntries(Object.entries(change).map(([name, value]) => [name, String(value)]));

interface FactsProps {
  picture: Picture;
  /** Beside the queue stands why it waits. */
  isLive: boolean;
  linkTo(asked: Parameters): string;
}

function Facts({ picture, isLive, linkTo }: FactsProps) {
  const { deployment: one } = picture;
  const { saturation } = one;
  return (
    <div class="facts">
      <StatusBadge status={one.status} saturation={saturation} />
      {saturation !== null && !isLive && <a href={linkTo({})}>{`${sentence(saturation.text)} ${sentence(saturation.wait)}`}</a>}
      {one.reason && <small class="line" title={one.reason}>{one.reason}</small>}
      <span title={one.desired_reason}>
        <b>{one.ready_replicas}</b> ready, <b>{one.desired_replicas}</b> desired
      </span>
      <span>
        <b>{count(one.in_flight)}</b> in flight
      </span>
      <span>
        <b>{count(one.queued)}</b> queued
      </span>
      <span>
        <b>{rate(one.requests_per_second)}</b>
      </span>
      <span>
        p95 <b>{seconds(one.p95_seconds)}</b>
      </span>
      <span class="grow" />
      <a href={deploymentLink(one.model_name, one.id, "/what-if")}>What if</a>
      <a href={deploymentLink(one.model_name, one.id, "/playground")}>Playground</a>
      <Actions deployment={one} />
    </div>
  );
}
