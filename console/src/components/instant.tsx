import { day, instant } from "../format";

/** An instant (seconds since 1970, or ISO 8601) in the browser's language and zone; `isDay`: its date alone. */
export function Instant({ at, isDay = false }: { at: number | string; isDay?: boolean }) {
  const date = typeof at === "number" ? new Date(at * 1000) : new Date(at);
  return (
    <time dateTime={date.toISOString()} title={isDay ? instant(date) : date.toISOString()}>
      {isDay ? day(date) : instant(date)}
    </time>
  );
}
