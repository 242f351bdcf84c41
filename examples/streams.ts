/** Two streams with headers of their own, in one run. Run it with `npx tsx examples/streams.ts`. */
import { packet, run, stream } from "pktgen-ts";

const { ethernet, ipv4, tcp, udp, parseIpv4, parseMac } = packet;

const link = ethernet({ dst: parseMac("02:00:00:00:00:02"), src: parseMac("02:00:00:00:00:01") });
const network = ipv4({ src: parseIpv4("198.18.0.1"), dst: parseIpv4("198.18.0.2") });

const profile = stream(
  { name: "voice", packet: [link, network, udp({ srcPort: 5004, dstPort: 5004 })], size: 128, rate: "2kpps" },
  { name: "web", packet: [link, network, tcp({ srcPort: 40_000, dstPort: 80 })], size: 512, rate: "1kpps" },
);

const { trials } = await run({ profile, duration: "500ms" });
for (const { streams = [] } of trials) {
  for (const { name, sent, accepted } of streams) console.log(`${name}: ${accepted} of ${sent} came back`);
}
