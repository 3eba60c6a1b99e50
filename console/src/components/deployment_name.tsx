/** A deployment by its model, its own name, and the environments that point at it. */
import type { LiveDeployment } from "../api/types";
import { deploymentLink } from "../router";

export function DeploymentName({ deployment: one }: { deployment: LiveDeployment }) {
  return (
    <>
      <a href={deploymentLink(one.model_name, one.id)}>
        <strong>{one.model_name}</strong> / {one.name || one.id}
      </a>
      <small> {one.environments.join(", ")}</small>
    </>
  );
}
