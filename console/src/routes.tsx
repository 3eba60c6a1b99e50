/** Every page of the console. A new one is a line here. */
import type { ComponentType } from "preact";
import type { Parameters } from "./router";
import { DeploymentPage } from "./pages/deployment/page";
import { ModelsPage } from "./pages/models";

export interface PageProps {
  parameters: Parameters;
  query: URLSearchParams;
}

export interface Route {
  pattern: string;
  /** The document's title, and the page's main heading. */
  title(parameters: Parameters): string;
  page: ComponentType<PageProps>;
}

const named = ({ model = "", deployment = "" }: Parameters): string => `${model} / ${deployment}`;

export const ROUTES: Route[] = [
  { pattern: "/", title: () => "Models", page: ModelsPage },
  { pattern: "/models/:model/:deployment", title: named, page: DeploymentPage },
];

/** The entries of the main navigation. */
export const NAVIGATION: { path: string; label: string }[] = [{ path: "/", label: "Models" }];
