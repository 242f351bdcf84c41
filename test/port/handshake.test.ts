/** Driver and device ports meet over a real socket, in every combination. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { crossFrames, openPair, openRx, openTx, temporaryFolder } from "../support/rings-cross.js";

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder[Symbol.dispose]());

const matrix = ["split", "packed"].flatMap((ring) =>
  ["on", "off"].flatMap((inOrder) =>
    ["on", "off"].flatMap((mergeable) =>
      [1, 2, 8].flatMap((queues) =>
        [true, false].map((driverListens) => ({ ring, inOrder, mergeable, queues, driverListens })),
      ),
    ),
  ),
);

describe("driver and device port over a real socket", () => {
  it.each(matrix)(
    "agree and pass frames: $ring, in_order=$inOrder, mrg_rxbuf=$mergeable, $queues queues, driver listens: $driverListens",
    async ({ ring, inOrder, mergeable, queues, driverListens }) => {
      const both = `,ring=${ring},in_order=${inOrder},mrg_rxbuf=${mergeable},queues=${queues},size=64`;
      await using pair = await openPair({ path: `${folder.path}/s`, driverListens, both });
      const [driver, device] = [pair.driver.rings()!, pair.device.rings()!];

      expect(pair.driver.facts().ringFormat).toBe(ring);
      expect(pair.device.facts()).toMatchObject({ ringFormat: ring, ringSize: 64, queues });
      expect(pair.device.facts().features).toEqual(pair.driver.facts().features);
      expect(pair.driver.facts().features.includes("VIRTIO_F_IN_ORDER")).toBe(inOrder === "on");
      expect(pair.driver.facts().features.includes("VIRTIO_NET_F_MRG_RXBUF")).toBe(mergeable === "on");
      for (let queue = 0; queue < queues; queue++) {
        expect(crossFrames(openTx(driver, queue), openRx(device, queue), 300, 60)).toBe(300);
        expect(crossFrames(openTx(device, queue), openRx(driver, queue), 300, 1514)).toBe(300);
      }
    },
  );
});
