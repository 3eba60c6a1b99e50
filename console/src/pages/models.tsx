import { useLive } from "../api/live";
import type { LiveState } from "../api/types";
import { Empty, Loading } from "../components/notes";

export function ModelsPage() {
  const { value } = useLive<LiveState>("/v1/events");
  if (value === null) return <Loading />;
  return <Empty title={`${value.models.length} models`} />;
}
