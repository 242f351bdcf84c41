/** Keys of the page. They do nothing while somebody types into a field, and with Ctrl, Alt or Meta they are the browser's. */
import { useEffect, useRef } from "preact/hooks";

/** Whether a key is meant for a field. */
const isTyping = ({ target }: Event): boolean =>
  target instanceof HTMLElement && target.closest("input, textarea, select, [contenteditable]") !== null;

/** `deeds`: by the key as the event names it (`/`, `S` with Shift). */
export function useKeys(deeds: Readonly<Record<string, () => void>>): void {
  const current = useRef(deeds);
  current.current = deeds;
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || isTyping(event)) return;
      const deed = current.current[event.key];
      if (deed === undefined) return;
      event.preventDefault();
      deed();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
}
