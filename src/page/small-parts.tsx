/** Small parts that many views have. All texts are text nodes: names come from users and peers. */
import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";
import type { ErrorDetail } from "./contract.js";

export function PagePart({ id, title, children, note }: PartProps) {
  return (
    <section aria-labelledby={`part-${id}`} class="part">
      <h2 id={`part-${id}`}>{title}</h2>
      {note === undefined ? null : <p class="note">{note}</p>}
      {children}
    </section>
  );
}
interface PartProps {
  readonly id: string;
  readonly title: string;
  readonly note?: string;
  readonly children: ComponentChildren;
}

/** A box that scrolls sideways, with the keyboard, too. */
export function WideBox({ title, children, more = "" }: { title: string; more?: string; children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to take the focus, so that keys can scroll it
    <section class={`wide ${more}`} aria-label={title} tabIndex={0}>
      {children}
    </section>
  );
}

export type Choices<T> = readonly (readonly [title: string, value: T])[];

/** Buttons of which one is on. */
export function OneOf<T>({ title, choices, chosen, choose }: OneOfProps<T>) {
  return (
    <fieldset class="one-of" aria-label={title}>
      {choices.map(([name, value]) => (
        <button key={name} type="button" aria-pressed={value === chosen} onClick={() => choose(value)}>
          {name}
        </button>
      ))}
    </fieldset>
  );
}
interface OneOfProps<T> {
  readonly title: string;
  readonly choices: Choices<T>;
  readonly chosen: T;
  readonly choose: (value: T) => void;
}

export const RefusalBox = ({ what, text }: { what: string; text: string }) => (
  <div class="refusal" role="alert">
    <strong>{what}</strong> {text}
  </div>
);

export const Mistakes = ({ mistakes }: { mistakes: readonly ErrorDetail[] }) => (
  <ul class="mistakes" role="alert">
    {mistakes.map(({ message, where, accepted, hint }) => (
      <li key={`${where} ${message}`}>
        {where === undefined ? null : <code>{where}</code>} {message}
        {accepted === undefined ? null : <>; accepted: {accepted}</>}
        {hint === undefined ? null : <>; {hint}</>}
      </li>
    ))}
  </ul>
);

/** The server wants a token. It answers with a cookie, so that the page never keeps it. */
export function TokenForm() {
  const [token, setToken] = useState("");
  const enter = (event: Event): void => {
    event.preventDefault();
    location.assign(`./?token=${encodeURIComponent(token)}`);
  };
  return (
    <form class="panel" onSubmit={enter}>
      <label>
        This server asks for a token{" "}
        <input
          type="password"
          name="token"
          autocomplete="current-password"
          value={token}
          onInput={(event) => setToken(event.currentTarget.value)}
        />
      </label>
      <button type="submit">Enter</button>
    </form>
  );
}

export const VerdictBadge = ({ verdict }: { verdict: string | null }) =>
  verdict === null ? null : <strong class={`badge ${verdict}`}>{verdict.toUpperCase()}</strong>;

/** A command as it is typed, with a button that copies it. */
export function CommandLine({ text }: { text: string }) {
  const [copied, setCopied] = useState(false);
  const code = useRef<HTMLElement>(null);
  // Browsers have no clipboard for pages that come without TLS from another machine: the text is marked instead.
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
    } catch {
      getSelection()?.selectAllChildren(code.current!);
    }
  };
  return (
    <div class="command">
      <code ref={code}>{text}</code>
      <button type="button" onClick={() => void copy()}>
        {copied ? "Copied" : "Copy"}
      </button>
    </div>
  );
}
