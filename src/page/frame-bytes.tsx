/** The byte map of a frame: which byte belongs to which field. A field that is pointed at, or has the focus, is shown. */
import { useState } from "preact/hooks";
import type { FrameMap } from "./contract.js";
import { WideBox } from "./small-parts.js";

type Field = FrameMap["fields"][number];

/** What a byte belongs to: the number of a protocol, and the fields. */
interface ByteOwner {
  readonly kind: "header" | "payload" | "signature" | "none";
  readonly layer: number;
  readonly fields: readonly number[];
}

const layerOf = (path: string): string => path.split(".")[0] ?? path;

export function byteOwners({ hex, fields, payload, signature }: FrameMap): ByteOwner[] {
  const layers = [...new Set(fields.map(({ path }) => layerOf(path)))];
  const within = (at: number, part: { offset: number; bytes: number } | null): boolean =>
    part !== null && at >= part.offset && at < part.offset + part.bytes;
  return Array.from({ length: hex.length / 2 }, (_, at): ByteOwner => {
    const own = fields.flatMap((field, i) => (covers(field, at) ? [i] : []));
    const layer = own.length === 0 ? -1 : layers.indexOf(layerOf(fields[own[0]!]!.path));
    if (own.length > 0) return { kind: "header", layer, fields: own };
    if (within(at, signature)) return { kind: "signature", layer: -1, fields: [] };
    return { kind: within(at, payload) ? "payload" : "none", layer: -1, fields: [] };
  });
}

/** Bits count from the frame's first one. */
const covers = ({ bitOffset, bits }: Field, at: number): boolean =>
  at * 8 + 7 >= bitOffset && at * 8 < bitOffset + bits;

/** More bytes than these are not drawn: a payload looks alike. */
const mostBytes = 256;

export function FrameBytes({ frame }: { frame: FrameMap }) {
  const [chosen, setChosen] = useState<number | null>(null);
  const owners = byteOwners(frame);
  const shown = owners.slice(0, mostBytes);
  return (
    <div class="frame">
      <p class="soft">
        first frame, {frame.frameBytes} bytes with FCS
        {owners.length > mostBytes ? `, the first ${mostBytes} shown` : ""}
      </p>
      <div class="bytes" role="img" aria-label="bytes of the first frame">
        {shown.map((owner, at) => (
          <span
            key={at}
            class={`${owner.kind} l${owner.layer % 8}${chosen !== null && owner.fields.includes(chosen) ? " chosen" : ""}`}
            title={titleOfByte(frame, owner, at)}
          >
            {frame.hex.slice(2 * at, 2 * at + 2)}
          </span>
        ))}
      </div>
      <WideBox title="fields of the first frame" more="fields">
        <table>
          <tbody>
            {frame.fields.map((field, i) => (
              <tr key={`${field.path} ${field.offset}`} class={i === chosen ? "chosen" : ""}>
                <td class="right">{field.offset}</td>
                <th scope="row">
                  <button
                    type="button"
                    class="plain"
                    onMouseEnter={() => setChosen(i)}
                    onFocus={() => setChosen(i)}
                    onClick={() => setChosen(i)}
                  >
                    {field.path}
                  </button>
                </th>
                <td>{field.text}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </WideBox>
      {frame.faults.map(({ offset, protocol, field, what }) => (
        <p key={`${offset} ${field}`} class="red">
          byte {offset}, {protocol}.{field}: {what}
        </p>
      ))}
    </div>
  );
}

function titleOfByte({ fields }: FrameMap, { kind, fields: own }: ByteOwner, at: number): string {
  const words = own.map((i) => `${fields[i]!.path} = ${fields[i]!.text}`);
  return `byte ${at}: ${words.length > 0 ? words.join("; ") : kind}`;
}
