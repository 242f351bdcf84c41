/** How long flows send from a start on: so many frames each, or a time. Without it, as long as they were to. */

interface FlowLength {
  readonly count?: number;
  readonly duration?: string;
}

/** What is no number of frames is a time, which the server reads. */
export function lengthAsked(text: string): FlowLength {
  const asked = text.trim();
  if (asked === "") return {};
  const frames = /^(\d+)( frames)?$/.exec(asked);
  return frames === null ? { duration: asked } : { count: Number(frames[1]) };
}

export const lengthHint = "10s, 500 frames";

export const LengthField = ({ text, set }: { text: string; set: (text: string) => void }) => (
  <label title="frames of each flow, or a time; empty: as before; forever: no end">
    for{" "}
    <input
      type="text"
      size={12}
      aria-label="length of a start"
      placeholder={lengthHint}
      value={text}
      onInput={(event) => set(event.currentTarget.value)}
    />
  </label>
);
