import type { PageProps } from "../routes";

export const DeploymentPage = ({ parameters }: PageProps) => <p>{parameters.deployment}</p>;
