/** The whole page: the shell, and in it what the address names. */
import { useEffect, useRef } from "preact/hooks";
import { needsKey } from "./api/session";
import { useStore } from "./api/store";
import { Empty } from "./components/notes";
import { Shell } from "./components/shell";
import { SignIn } from "./pages/sign_in";
import { match, useAddress } from "./router";
import { ROUTES } from "./routes";

export function Console() {
  const address = useAddress();
  const isRefused = useStore(needsKey);
  const found = ROUTES.map((route) => ({ route, parameters: match(route.pattern, address.path) })).find(
    (one) => one.parameters !== null,
  );
  const title = isRefused ? "Sign in" : (found?.route.title(found.parameters ?? {}) ?? "No such page");
  const above = found?.route.above?.(found.parameters ?? {});
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  useEffect(() => {
    document.title = `${title} · Headway`;
    if (!isFirst.current) main.current?.focus({ preventScroll: true });
    isFirst.current = false;
  }, [title]);
  const Page = found?.route.page;
  return (
    <Shell path={address.path}>
      <main id="main" ref={main} tabIndex={-1} aria-label={title}>
        {above !== undefined && !isRefused && (
          <a class="above" href={above.href}>
            ‹ {above.label}
          </a>
        )}
        <h1 class="title">{title}</h1>
        {isRefused ? (
          <SignIn />
        ) : Page === undefined ? (
          <Empty title="There is no such page">
            <a href="#/">All models</a>
          </Empty>
        ) : (
          <Page key={address.path} parameters={found?.parameters ?? {}} query={address.query} />
        )}
      </main>
    </Shell>
  );
}
