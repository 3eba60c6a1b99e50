/** The API's types under short names. Streams have no schema of their own: their events are described here. */
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Status = Schemas["Deployment"]["status"];
export type Deployment = Schemas["Deployment"];
export type Model = Schemas["Model"];
export type Replica = Schemas["Replica"];
export type Decision = Schemas["Decision"];
export type RequestRecord = Schemas["RequestRecord"];
export type Settings = Schemas["Settings"];
export type SettingsChange = Schemas["SettingsChange"];
export type Key = Schemas["Key"];
export type CreatedKey = Schemas["CreatedKey"];
export type Secret = Schemas["Secret"];
export type SettingValue = number | boolean | string;
export type SettingValues = Record<string, SettingValue>;

export interface LiveDeployment extends Deployment {
  replicas: Replica[];
  requests_per_second?: number;
  p95_seconds?: number | null;
  sparkline?: number[];
}

/** Event `state` of /v1/events. */
export interface LiveState {
  models: Model[];
  deployments: LiveDeployment[];
}

export type Stage = "preprocess" | "gate_wait" | "predict" | "postprocess" | "send";

export interface HeldRequest {
  request_id: string;
  stage: Stage;
  seconds: number;
  abandoned: boolean;
}

export interface PictureReplica extends Replica {
  slots: number;
  lanes: Record<Stage | "abandoned", number> | null;
  requests: HeldRequest[];
}

/** Event `picture` of a deployment's events. */
export interface Picture {
  deployment: Omit<LiveDeployment, "replicas">;
  queue: { count: number; shown: { request_id: string; seconds: number }[] };
  replicas: PictureReplica[];
}

export type Series = (number | null)[];

export interface Quantiles {
  p50: Series;
  p95: Series;
  p99: Series;
}

export interface History {
  step: number;
  at: number[];
  in_flight: Series;
  queued: Series;
  capacity: Series;
  desired: Series;
  ready: Series;
  statuses: Record<string, Series>;
  stages: Record<string, Quantiles>;
}

export interface SettingsPreview {
  settings: SettingValues;
  warnings: string[];
  desired: number;
  present: number;
  capacity: number;
  reason: string;
  text: string;
}

export interface Advice {
  code: string;
  title: string;
  text: string;
  arithmetic: string[];
  change: SettingValues;
}

export interface AdviceAnswer {
  seconds: number;
  requests: number;
  advice: Advice[];
}
