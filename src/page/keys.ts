/** Keys of the page. They do nothing while somebody types into a field, and with Ctrl, Alt or Meta they are the browser's. */
import { useEffect, useRef } from "preact/hooks";

/** Whether a key is meant for a field. */
const isTyping = ({ target }: Event): boolean =>
  target instanceof HTMLElement && target.closest("input, textarea, select, [contenteditable]") !== null;

/** A letter is named by Shift alone: Caps Lock changes what the event says, and not what somebody pressed. */
function nameOf({ key, shiftKey }: KeyboardEvent): string {
  if (!/^[a-z]$/i.test(key)) return key;
  return shiftKey ? key.toUpperCase() : key.toLowerCase();
}

/** `deeds`: by the key (`/`, `p`; `S` is Shift with s). */
export function useKeys(deeds: Readonly<Record<string, () => void>>): void {
  const current = useRef(deeds);
  current.current = deeds;
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || isTyping(event)) return;
      const deed = current.current[nameOf(event)];
      if (deed === undefined) return;
      event.preventDefault();
      deed();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
}
