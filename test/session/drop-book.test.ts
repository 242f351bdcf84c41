/** What ports of a session lost on our side: asked for where frames moved, told once, counted from then on. */
import { expect, it } from "vitest";
import { environmentError } from "../../src/errors.js";
import { parsePortSpec } from "../../src/port/index.js";
import { DropBook } from "../../src/session/drop-book.js";

/** A port that loses what a test says. */
class FakeLosingPort {
  readonly spec = parsePortSpec("packet:veth0,size=64");
  received = 0;
  sent = 0;
  asked = 0;
  isGone = false;
  receiveDrops(): number {
    this.asked++;
    if (this.isGone) throw environmentError("there is no network namespace", { where: this.spec.text });
    return this.received;
  }
  sendDrops(): number {
    return this.sent;
  }
}

function rig() {
  const port = new FakeLosingPort();
  const told: string[] = [];
  const moved = { frames: 0 };
  const book = new DropBook({
    ports: [port, { spec: parsePortSpec("null:") }],
    names: ["east", "west"],
    movedAt: () => moved.frames,
    tell: (name, message) => told.push(`${name}: ${message}`),
  });
  return { port, told, moved, book };
}

it("counts what its ports lost, and says so once for each way", () => {
  const { port, told, moved, book } = rig();
  expect([book.of(0), book.of(1)]).toEqual([
    { receiveDrops: 0, sendDrops: 0 },
    { receiveDrops: null, sendDrops: null },
  ]);
  book.look();
  expect(told).toEqual([]);
  [moved.frames, port.received] = [100, 1234];
  book.look();
  [moved.frames, port.received, port.sent] = [200, 2000, 7];
  book.look();
  expect(book.of(0)).toEqual({ receiveDrops: 2000, sendDrops: 7 });
  expect(told.map((text) => text.slice(0, 80))).toEqual([
    'east: port "east" (packet:veth0,size=64) had no room for 1,234 frames that came ',
    'east: the interface of port "east" (packet:veth0,size=64) did not take 7 frames,',
  ]);
  expect(told[0]).toContain("size=");
});

it("asks a port once more after its last frames, and then no more", () => {
  const { port, moved, book } = rig();
  book.look();
  moved.frames = 5;
  book.look();
  port.received = 3;
  book.look();
  expect([book.of(0).receiveDrops, port.asked]).toEqual([3, 3]);
  for (let k = 0; k < 10; k++) book.look();
  expect(port.asked).toBe(3);
});

it("does not know what a port lost that cannot be asked any more, and goes on", () => {
  const { port, told, moved, book } = rig();
  [moved.frames, port.received] = [5, 3];
  book.look();
  [moved.frames, port.isGone] = [9, true];
  book.look();
  expect(book.of(0)).toEqual({ receiveDrops: null, sendDrops: null });
  expect(told).toHaveLength(1);
});
