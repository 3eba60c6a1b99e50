/** A deployment by its model, its own name, and the environments that point at it. */
import type { LiveDeployment } from "../api/types";
import { deploymentLink, modelLink } from "../router";

export function DeploymentName({ deployment: one }: { deployment: LiveDeployment }) {
  return (
    <span class="name">
      <a href={modelLink(one.model_name)}>
        <strong>{one.model_name}</strong>
      </a>{" "}
      /{" "}
      <a href={deploymentLink(one.model_name, one.id)}>{one.name || one.id}</a>
      <small> {one.environments.join(", ")}</small>
    </span>
  );
}
