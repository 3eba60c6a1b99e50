/** A page whose code comes when it is first asked for, so that the others need not wait for it. */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ApiError } from "../api/errors";
import { Loading, Problem } from "./notes";

/** `load` gives the page; it is asked once, and again after it has failed. */
export function later<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  let found: ComponentType<Props> | null = null;
  return function Later(props: Props) {
    const [Page, setPage] = useState(() => found);
    const [isMissing, setMissing] = useState(false);
    useEffect(() => {
      if (Page !== null) return;
      load().then(
        (loaded) => setPage(() => (found = loaded)),
        () => setMissing(true),
      );
    }, []);
    if (Page !== null) return <Page {...props} />;
    return isMissing ? <Problem error={MISSING} /> : <Loading />;
  };
}

const MISSING = new ApiError(0, "unreachable", "This page cannot be loaded", "load it anew: another version of Headway may run by now");
