export type SortValue = number | string | null | undefined;

export interface Order {
  key: string;
  isDescending: boolean;
}

/** A sorted copy; what has no value stands last either way, equals keep their order. */
export function sorted<Row>(rows: readonly Row[], by: (row: Row) => SortValue, isDescending: boolean): Row[] {
  return [...rows].sort((one, other) => compared(by(one), by(other), isDescending ? -1 : 1));
}

function compared(one: SortValue, other: SortValue, direction: number): number {
  const [isMissing, isOtherMissing] = [one ?? null, other ?? null].map((value) => value === null);
  if (isMissing || isOtherMissing) return Number(isMissing) - Number(isOtherMissing);
  if (typeof one === "number" && typeof other === "number") return (one - other) * direction;
  return String(one).localeCompare(String(other), "en", { numeric: true }) * direction;
}
