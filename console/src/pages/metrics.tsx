/** Where the metrics are, how Prometheus gets them, and a dashboard of them for Grafana. */
import dashboard from "../../../docs/grafana/headway.json?url";
import { useLoaded } from "../api/loaded";
import { apiKey } from "../api/session";
import { Loading, Problem } from "../components/notes";
import { tell, tellError } from "../components/toasts";
import "./halves.css";

export function MetricsPage() {
  const { value, error } = useLoaded<{ url: string }>("/v1/inference");
  if (value === null) return error === null ? <Loading /> : <Problem error={error} />;
  const hasKeys = apiKey() !== null;
  const gateway = new URL("/metrics", value.url).href;
  const control = new URL("/metrics", location.href).href;
  const config = scrapeConfig([new URL(value.url).host, location.host], hasKeys);
  const copy = (): void => {
    navigator.clipboard.writeText(config).then(() => tell("Copied"), () => tellError("The browser does not let it be copied"));
  };
  return (
    <div class="halves">
      <section class="panel" aria-label="Prometheus">
        <h2>Prometheus</h2>
        <dl class="addresses">
          <dt>The gateway's</dt>
          <dd>
            <Address href={gateway} hasKeys={hasKeys} />
          </dd>
          <dt>Control's</dt>
          <dd>
            <Address href={control} hasKeys={hasKeys} />
          </dd>
        </dl>
        <pre class="arithmetic" tabIndex={0} aria-label="For prometheus.yml">
          {config}
        </pre>
        <button type="button" onClick={copy}>
          Copy
        </button>
        {hasKeys && (
          <p class="soft">
            The key needs the scope <code>metrics</code>: <a href="#/keys">make one</a>.
          </p>
        )}
      </section>
      <section class="panel" aria-label="Grafana">
        <h2>Grafana</h2>
        <p>
          <a href={dashboard} download="headway.json">
            Download the dashboard
          </a>
        </p>
        <p class="soft">
          In Grafana: Dashboards, New, Import; then choose the data source. It shows every metric, by model and deployment. What each means is in{" "}
          <a href="/help/guide/metrics.html">the guide</a>.
        </p>
      </section>
    </div>
  );
}

/** Where keys are needed a link would lead to a refusal. */
const Address = ({ href, hasKeys }: { href: string; hasKeys: boolean }) => (hasKeys ? <code>{href}</code> : <a href={href}>{href}</a>);

function scrapeConfig(targets: string[], hasKeys: boolean): string {
  const lines = ["scrape_configs:", "  - job_name: headway", `    static_configs: [{ targets: ${JSON.stringify([...new Set(targets)])} }]`];
  if (hasKeys) lines.push("    authorization: { credentials_file: /etc/headway/metrics-key }");
  return lines.join("\n");
}
