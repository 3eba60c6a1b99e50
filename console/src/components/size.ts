import type { RefObject } from "preact";
import { useEffect, useState } from "preact/hooks";

/** An element's width in pixels, as it changes. */
export function useWidth(of: RefObject<HTMLElement>): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const { current } = of;
    if (current === null) return;
    const observer = new ResizeObserver(() => setWidth(current.clientWidth));
    observer.observe(current);
    setWidth(current.clientWidth);
    return () => observer.disconnect();
  }, [of]);
  return width;
}
