/** Every page of the console. A new one is a line here. */
import type { ComponentType } from "preact";
import { later } from "./components/later";
import { type Parameters, modelLink } from "./router";
import { DeployPage } from "./pages/deploy/page";
import { DeploymentPage } from "./pages/deployment/page";
import { KeysPage } from "./pages/keys/page";
import { MetricsPage } from "./pages/metrics";
import { ModelPage } from "./pages/model/page";
import { ModelsPage } from "./pages/models";

const PlaygroundPage = later(async () => (await import("./pages/playground/page")).PlaygroundPage);
const WhatIfPage = later(async () => (await import("./pages/what_if/page")).WhatIfPage);

export interface PageProps {
  parameters: Parameters;
  query: URLSearchParams;
}

export interface Route {
  pattern: string;
  /** The document's title, and the page's main heading. */
  title(parameters: Parameters): string;
  /** The page that it belongs to. */
  above?(parameters: Parameters): { label: string; href: string };
  page: ComponentType<PageProps>;
}

const ofModel = ({ model = "" }: Parameters) => ({ label: `All of ${model}`, href: modelLink(model) });
const named = ({ model = "", deployment = "" }: Parameters): string => `${model} / ${deployment}`;

export const ROUTES: Route[] = [
  { pattern: "/", title: () => "Models", page: ModelsPage },
  { pattern: "/models/:model", title: ({ model = "" }) => model, page: ModelPage },
  { pattern: "/models/:model/:deployment", title: named, above: ofModel, page: DeploymentPage },
  { pattern: "/models/:model/:deployment/playground", title: (of) => `Playground: ${named(of)}`, page: PlaygroundPage },
  { pattern: "/models/:model/:deployment/what-if", title: (of) => `What if: ${named(of)}`, page: WhatIfPage },
  { pattern: "/deploy", title: () => "Deploy", page: DeployPage },
  { pattern: "/keys", title: () => "Keys and secrets", page: KeysPage },
  { pattern: "/metrics", title: () => "Metrics", page: MetricsPage },
];

/** The entries of the main navigation. */
export const NAVIGATION: { path: string; label: string }[] = [
  { path: "/", label: "Models" },
  { path: "/deploy", label: "Deploy" },
  { path: "/keys", label: "Keys" },
];
