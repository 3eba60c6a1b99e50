/** Who changed what, the newest first. */
import { useMemo, useState } from "preact/hooks";
import { useLoaded } from "../../api/loaded";
import type { Change } from "../../api/types";
import { type Together, byWhom, together, wordsOf } from "./changes";
import { ago } from "../../format";
import { type Setting, settingsOf } from "../deployment/setting_fields";
import { Instant } from "../../components/instant";
import { Empty, Loading, Problem } from "../../components/notes";
import "./change_list.css";

const PAGE = 50;
const MOST = 1000;

interface ChangeListProps {
  /** Of the API: a model, or one of its deployments. */
  path: string;
  /** How a deployment is called. */
  nameOf(id: string): string;
  /** Where it is shown; null: it is gone. */
  linkTo?(id: string): string | null;
}

export function ChangeList({ path, nameOf, linkTo }: ChangeListProps) {
  const [limit, setLimit] = useState(PAGE);
  const { value, error } = useLoaded<{ changes: Change[] }>(`${path}/changes?limit=${limit}`, 5);
  const [shown, setShown] = useState<Change[] | null>(null);
  const description = useLoaded<unknown>("/openapi.json");
  const settings = useMemo(() => (description.value === null ? [] : settingsOf(description.value)), [description.value]);
  if (value !== null && value.changes !== shown) setShown(value.changes);
  const changes = value?.changes ?? shown;
  if (changes === null) return error === null ? <Loading /> : <Problem error={error} />;
  if (changes.length === 0) return <Empty title="Nothing has been changed yet" />;
  return (
    <>
      {error !== null && <Problem error={error} />}
      <ol class="changes" aria-label="Changes">
        {together(changes).map((group) => (
          <Item key={group[0].id} group={group} settings={settings} nameOf={nameOf} linkTo={linkTo} />
        ))}
      </ol>
      {changes.length >= limit && limit < MOST && (
        <button type="button" onClick={() => setLimit(Math.min(MOST, limit * 4))}>
          Older
        </button>
      )}
    </>
  );
}

interface ItemProps {
  group: Together;
  settings: readonly Setting[];
  nameOf(id: string): string;
  linkTo: ChangeListProps["linkTo"];
}

const TONES: Partial<Record<Change["kind"], string>> = { given_up: "bad", takeover: "good", rollback: "warn" };

function Item({ group, settings, nameOf, linkTo }: ItemProps) {
  const [one] = group;
  const id = one.deployment_id;
  const href = id === null ? null : (linkTo?.(id) ?? null);
  return (
    <li>
      <small>
        {ago(Date.parse(one.at), Date.now())}, <Instant at={one.at} />, {byWhom(one)}
      </small>
      {linkTo !== undefined && id !== null && <span>{href === null ? nameOf(id) : <a href={href}>{nameOf(id)}</a>}</span>}
      {group.map((each) => (
        <p key={each.id} class={TONES[each.kind] ?? ""}>
          {wordsOf(each, settings, nameOf)}
        </p>
      ))}
    </li>
  );
}
