/** What was asked for, where it runs, and the bytes of the first frame. */
import type { EventConfig, StreamInfo, TrafficInfo } from "./contract.js";
import { FrameBytes } from "./frame-bytes.js";
import { CommandLine, PagePart } from "./small-parts.js";
import { momentWord } from "./words.js";

export function SetupSection({ config }: { config: EventConfig }) {
  const { host, version, thresholds, plan } = config;
  const facts = [
    ["started", momentWord(config.started)],
    ["tool", `pktgen-ts ${version}`],
    ["processor", `${host.cpu}, ${host.cores} cores`],
    ["kernel", host.kernel],
    ["ports", config.ports.join(", ")],
    ["thresholds", thresholds.join(", ")],
  ].filter(([, value]) => value !== "");
  return (
    <PagePart id="setup" title="Setup">
      {config.commandLine === "" ? null : <CommandLine text={config.commandLine} />}
      <table class="facts">
        <tbody>
          {facts.map(([name, value]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{value}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {plan === null ? null : <TrafficView traffic={plan.traffic} />}
    </PagePart>
  );
}

export function TrafficView({ traffic }: { traffic: TrafficInfo }) {
  const { streams, streamCount } = traffic;
  return (
    <>
      {traffic.description === "" ? null : <p>{traffic.description}</p>}
      {streams.map((stream) => (
        <details key={stream.name} open={streams.length === 1}>
          <summary>{streamWords(stream)}</summary>
          {stream.changes.length === 0 ? null : (
            <ul>
              {stream.changes.map((change) => (
                <li key={change}>{change}</li>
              ))}
            </ul>
          )}
          <FrameBytes frame={stream.firstFrame} />
        </details>
      ))}
      {streamCount > streams.length ? <p class="soft">and {streamCount - streams.length} more streams</p> : null}
    </>
  );
}

function streamWords({ name, protocols, rate, weight, schedule, payload, signed }: StreamInfo): string {
  const parts = [
    `${name}: ${protocols.join(" / ")}`,
    rate ?? `weight ${weight}`,
    schedule,
    payload === "" ? "" : `payload ${payload}`,
    signed ? "signed" : "not signed",
  ];
  return parts.filter((part) => part !== "").join(", ");
}
