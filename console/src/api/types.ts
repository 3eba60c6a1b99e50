/** The API's types under short names. Streams have no schema of their own: their events are described here. */
import type { components } from "./schema";
import type { StageInReplica } from "./stages";

type Schemas = components["schemas"];

export type Status = Schemas["Deployment"]["status"];
export type Deployment = Schemas["Deployment"];
export type Saturation = Schemas["Saturation"];
export type Model = Schemas["Model"];
export type Replica = Schemas["Replica"];
export type Decision = Schemas["Decision"];
export type RequestRecord = Schemas["RequestRecord"];
export type Requests = Schemas["Requests"];
export type Change = Schemas["Change"];
export type Settings = Schemas["Settings"];
export type SettingsChange = Schemas["SettingsChange"];
export type Key = Schemas["Key"];
export type CreatedKey = Schemas["CreatedKey"];
export type Secret = Schemas["Secret"];
export type SettingValue = number | boolean | string;
export type SettingValues = Record<string, SettingValue>;

export type Advice = Schemas["Advice"];
export type Outlook = Schemas["Outlook"];
export type AdviceAnswer = Schemas["Advices"];
export type History = Schemas["History"];
export type SettingsPreview = Schemas["SettingsPreview"];
export type Comparison = Schemas["Comparison"];
export type Trial = Schemas["Trial"];
export type Series = (number | null)[];

export interface LiveDeployment extends Deployment {
  replicas: Replica[];
}

export interface LiveEnvironment {
  name: string;
  model_name: string;
  deployment_id: string | null;
  candidate_id: string | null;
  replaced_id: string | null;
  needed_replicas: number;
}

/** Event `state` of /v1/events. */
export interface LiveState {
  models: Model[];
  environments: LiveEnvironment[];
  deployments: LiveDeployment[];
}

export interface HeldRequest {
  request_id: string;
  stage: StageInReplica;
  seconds: number;
  abandoned: boolean;
}

export interface PictureReplica extends Replica {
  slots: number;
  lanes: Record<StageInReplica | "abandoned", number> | null;
  requests: HeldRequest[];
}

/** Event `picture` of a deployment's events. */
export interface Picture {
  deployment: Omit<LiveDeployment, "replicas">;
  queue: { count: number; shown: { request_id: string; seconds: number }[] };
  replicas: PictureReplica[];
}
