/** One deployment: what goes on in it now, and behind tabs what went on and what to make of it. */
import { useState } from "preact/hooks";
import { deploymentPath } from "../../api/client";
import { useLive } from "../../api/live";
import type { Picture } from "../../api/types";
import { Loading, Problem } from "../../components/notes";
import { StatusBadge } from "../../components/status";
import { Tabs } from "../../components/tabs";
import { count, rate, seconds } from "../../format";
import { deploymentLink } from "../../router";
import type { PageProps } from "../../routes";
import { Actions } from "./actions";
import { PictureView } from "./picture";
import type { Draft } from "./setting_fields";
import { SettingsForm } from "./settings_form";

const TABS = ["live", "charts", "decisions", "requests", "logs", "advice"] as const;

export function DeploymentPage({ parameters, query }: PageProps) {
  const { model = "", deployment = "" } = parameters;
  const path = deploymentPath(model, deployment);
  const { value: picture, error } = useLive<Picture>(`${path}/events`);
  const [draft, setDraft] = useState<Draft>({});
  const tab = TABS.find((one) => one === query.get("tab")) ?? "live";
  const tabs = TABS.map((key) => ({ key, label: key, href: deploymentLink(model, deployment, "", key === "live" ? {} : { tab: key }) }));
  if (picture === null) return error === null ? <Loading /> : <Problem error={error} />;
  return (
    <>
      <Facts picture={picture} path={path} />
      <Tabs label="Deployment" tabs={tabs} chosen={tab} />
      {tab === "live" && (
        <div class="beside">
          <PictureView picture={picture} />
          <SettingsForm path={path} deployment={picture.deployment} draft={draft} onDraft={setDraft} />
        </div>
      )}
    </>
  );
}

function Facts({ picture, path }: { picture: Picture; path: string }) {
  const { deployment: one } = picture;
  const line = one.preparation?.line ?? one.reason;
  return (
    <div class="facts">
      <StatusBadge status={one.status} />
      {line && <small class="line" title={line}>{line}</small>}
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
      <a href={deploymentLink(one.model_name, one.id, "/playground")}>Playground</a>
      <a href={deploymentLink(one.model_name, one.id, "/what-if")}>What if</a>
      <Actions path={path} deployment={one} />
    </div>
  );
}
