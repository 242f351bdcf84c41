// A profile that is a program: eachFrame is called for every frame, and what it sets is stored at constant offsets, with
// the checksums kept right. It must follow from the frame's number alone.
import { stream, udp4 } from "pktgen-ts";

const base = 0xc6120000; // 198.18.0.0

export default stream({
  packet: udp4({ udp: { dstPort: 9 } }),
  size: 64,
  eachFrame(frame, index) {
    frame.ipv4.src = base + (index & 1023);
    frame.udp.srcPort = 1024 + (index % 7);
  },
});
