/** Has the senders of a run ask their receivers for the time, host to host. What cannot is compared by messages. */
import type { FlowList } from "../options/fleet-flows.js";
import type { ClockExchange } from "../stats/index.js";
import type { AgentLink } from "./agent-link.js";
import { newClockKey } from "./clock-udp.js";
import { type DirectClocks, FlowWork } from "./flow-work.js";
import { answers } from "./protocol.js";

const openMs = 3_000;
const askMs = 10_000;
const firstExchanges = 64;
/** With fewer answers a line fits anything. */
const leastExchanges = 4;
const mostExchanges = 512;

interface Way {
  readonly sender: AgentLink;
  readonly address: string;
  readonly port: number;
  known: readonly ClockExchange[];
}

/** What a run with flows has to do more, on agents that are open. */
export async function openFlowWork(flows: FlowList, links: readonly AgentLink[]): Promise<FlowWork> {
  const byName = new Map(links.map((link) => [link.name, link]));
  return new FlowWork(flows, byName, await UdpClocks.open(flows, byName));
}

class UdpClocks implements DirectClocks {
  /** By share; null: these two do not reach each other, or read one clock. */
  readonly #ways: readonly (Way | null)[];

  private constructor(ways: readonly (Way | null)[]) {
    this.#ways = ways;
  }

  static async open(flows: FlowList, links: ReadonlyMap<string, AgentLink>): Promise<UdpClocks> {
    const key = newClockKey();
    const ends = new Map<string, Promise<{ readonly address: string; readonly port: number } | null>>();
    const endOf = (link: AgentLink) => {
      const known = ends.get(link.name) ?? opened(link, key);
      ends.set(link.name, known);
      return known;
    };
    const ways = await Promise.all(
      flows.map(async ({ from, to }): Promise<Way | null> => {
        const [sender, receiver] = [links.get(from.agent)!, links.get(to.agent)!];
        const offered = sender.facts.clockUdp && receiver.facts.clockUdp;
        if (!offered || sender.facts.clockId === receiver.facts.clockId) return null;
        const [own, there] = await Promise.all([endOf(sender), endOf(receiver)]);
        if (own === null || there === null) return null;
        const known = await asked(sender, there, firstExchanges);
        return known.length < leastExchanges ? null : { sender, ...there, known };
      }),
    );
    return new UdpClocks(ways);
  }

  async compare(exchanges: number): Promise<void> {
    await Promise.all(
      this.#ways.map(async (way) => {
        if (way === null) return;
        way.known = [...way.known, ...(await asked(way.sender, way, exchanges))].slice(-mostExchanges);
      }),
    );
  }

  of(share: number): readonly ClockExchange[] | null {
    return this.#ways[share]?.known ?? null;
  }
}

async function opened(link: AgentLink, key: string) {
  const asking = await link.ask("clock-open", { key }, answers.clockOpen, openMs).catch(() => null);
  return asking?.kind === "answer" ? asking.value : null;
}

async function asked(
  sender: AgentLink,
  { address, port }: { readonly address: string; readonly port: number },
  exchanges: number,
): Promise<readonly ClockExchange[]> {
  const fields = { address, port, exchanges };
  const asking = await sender.ask("clock-ask", fields, answers.clockAsk, askMs).catch(() => null);
  return asking?.kind === "answer" ? asking.value.exchanges : [];
}
