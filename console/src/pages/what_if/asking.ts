/** Has settings simulated as they are typed, on the same requests each time. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { call } from "../../api/client";
import { ApiError } from "../../api/errors";
import type { Comparison } from "../../api/types";
import type { Span, Supposed } from "./comparing";
import { Latest } from "./latest";

const DEBOUNCE = 300;

interface Question {
  key: string;
  span: Span;
  supposed: Supposed;
}

interface Told {
  key: string;
  error: ApiError | null;
}

export interface Asked {
  /** The latest that was simulated, which may be of an earlier question. */
  comparison: Comparison | null;
  error: ApiError | null;
  isBusy: boolean;
  again(): void;
}

/** What the simulator says, a moment after the question last changed; null asks nothing. `round` asks anew. */
export function useComparison(path: string, span: Span, supposed: Supposed | null, round: number): Asked {
  const [told, setTold] = useState<Told | null>(null);
  const [comparison, setComparison] = useState<Comparison | null>(null);
  const [tries, setTries] = useState(0);
  // "The last hour" is the same hour while settings are tried on it.
  const pinned = useRef<{ of: Span; span: Span } | null>(null);
  const wanted = supposed === null ? null : JSON.stringify({ supposed, round, tries });
  const asking = useMemo(() => {
    const ask = ({ span, supposed }: Question): Promise<Comparison | ApiError> => {
      const fixed = pinned.current?.of === span ? pinned.current.span : span;
      return call<Comparison>(`${path}/what-if`, { method: "POST", body: { ...fixed, ...supposed } }).catch((error: unknown) =>
        error instanceof ApiError ? error : new ApiError(0, "broken", String(error)),
      );
    };
    return new Latest(ask, ({ key, span }, answer) => {
      const isAnswer = !(answer instanceof ApiError);
      setTold({ key, error: isAnswer ? null : answer });
      if (!isAnswer) return;
      pinned.current = { of: span, span: { since: answer.since, until: answer.until } };
      setComparison(answer);
    });
  }, [path]);
  useEffect(() => {
    setTold(null);
    if (supposed === null || wanted === null) return;
    const timer = setTimeout(() => asking.ask({ key: wanted, span, supposed }), DEBOUNCE);
    return () => clearTimeout(timer);
  }, [asking, span, wanted]);
  const isTold = told !== null && told.key === wanted;
  return {
    comparison,
    error: isTold ? told.error : null,
    isBusy: wanted !== null && !isTold,
    again: () => setTries((before) => before + 1),
  };
}
