/** What the server answers to a path: once, or again and again while the page is seen. Late answers to another path count for nothing. */
import { useEffect, useRef, useState } from "preact/hooks";
import { ask } from "./asking.js";

interface Answered<T> {
  /** null: not there yet, or refused. */
  readonly answer: T | null;
  /** null: it was not refused the last time. */
  readonly refusal: unknown;
  readonly again: () => void;
}

interface Held<T> {
  readonly path: string;
  readonly answer: T | null;
  readonly refusal: unknown;
}

/** `path`: null asks nothing. `everyMs`: null asks once. */
export function useAnswer<T>(path: string | null, everyMs: number | null = null): Answered<T> {
  const [held, setHeld] = useState<Held<T> | null>(null);
  const look = useRef<() => void>(() => {});
  useEffect(() => {
    if (path === null) return;
    let isCurrent = true;
    const take = (told: Partial<Held<T>>): void => {
      if (isCurrent)
        setHeld((old) => ({ path, answer: old?.path === path ? old.answer : null, refusal: null, ...told }));
    };
    look.current = () =>
      void ask<T>(path).then(
        (answer) => take({ answer }),
        (refusal: unknown) => take({ refusal }),
      );
    look.current();
    const timer =
      everyMs === null ? undefined : setInterval(() => (document.hidden ? undefined : look.current()), everyMs);
    return () => {
      isCurrent = false;
      clearInterval(timer);
    };
  }, [path, everyMs]);
  const own = held?.path === path ? held : null;
  return { answer: own?.answer ?? null, refusal: own?.refusal ?? null, again: () => look.current() };
}
