/** Tries a deployment in each of the ways in which it can be asked: one is in view, as the address says. */
import type { ComponentType } from "preact";
import { deploymentPath } from "../../api/client";
import { useLive } from "../../api/live";
import { useLoaded } from "../../api/loaded";
import type { Deployment, Picture } from "../../api/types";
import { Loading, Problem } from "../../components/notes";
import { Tabs } from "../../components/tabs";
import { deploymentLink, replaceQuery } from "../../router";
import type { PageProps } from "../../routes";
import { AnyPath } from "./any_path";
import { Chat } from "./chat";
import { Predict, type WayProps } from "./predict";
import { LABELS, type Way, offered } from "./ways";
import { WebSocketTrial } from "./websocket";
import "../halves.css";
import "./playground.css";

const WAYS: Record<Way, ComponentType<WayProps>> = { predict: Predict, chat: Chat, websocket: WebSocketTrial, path: AnyPath };

export function PlaygroundPage({ parameters, query }: PageProps) {
  const { model = "", deployment = "" } = parameters;
  const path = deploymentPath(model, deployment);
  const { value: found, error } = useLoaded<Deployment>(path);
  const { value: picture } = useLive<Picture>(`${path}/events`);
  if (found === null) return error === null ? <Loading /> : <Problem error={error} />;
  const ways = offered(found.ways_in);
  const way = ways.find((one) => one === query.get("way")) ?? ways[0] ?? "path";
  const link = (one: Way): string => deploymentLink(model, deployment, "/playground", one === ways[0] ? {} : { way: one });
  const InView = WAYS[way];
  return (
    <>
      <p class="facts">
        <a href={deploymentLink(model, deployment)}>Back to the deployment</a>
        <span class="soft">Requests go through the gateway, as everybody's do, and are counted.</span>
      </p>
      <Tabs label="Ways to ask it" tabs={ways.map((one) => ({ key: one, label: LABELS[one], href: link(one) }))} chosen={way} />
      <InView
        path={path}
        deployment={found}
        picture={picture}
        query={query}
        onQuery={replaceQuery}
        linkTo={(request) => deploymentLink(model, deployment, "", { tab: "requests", request })}
      />
    </>
  );
}
