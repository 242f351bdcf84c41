/**
 * A small Linux guest under QEMU's software emulation (scripts/lab/guest.sh makes it), with two virtio-net interfaces over
 * vhost-user and a bridge between them. Its serial console is how the test asks what it counted.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";

const folder = process.env["PKTGEN_GUEST"] ?? "/var/tmp/pktgen-ts-guest";
const [kernel, initramfs] = [join(folder, "vmlinuz"), join(folder, "initramfs.gz")];
export const guestFiles: readonly string[] = [kernel, initramfs];

export interface GuestCounters {
  readonly rxPackets: number;
  readonly rxBytes: number;
  readonly txPackets: number;
  readonly txBytes: number;
}

const zeros: GuestCounters = { rxPackets: 0, rxBytes: 0, txPackets: 0, txBytes: 0 };

export class Guest implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #over: Promise<unknown>;
  #said = "";

  /** `sockets`: where the backends of its interfaces eth0 and eth1 listen; it connects again when one goes. */
  constructor(sockets: readonly [string, string]) {
    const memory = [
      "-m",
      "256",
      "-object",
      "memory-backend-memfd,id=mem,size=256M,share=on",
      "-numa",
      "node,memdev=mem",
    ];
    const nics = sockets.flatMap((socket, i) => [
      ...["-chardev", `socket,id=c${i},path=${socket},reconnect=1`, "-netdev", `vhost-user,id=n${i},chardev=c${i}`],
      // vectors=0: QEMU 7.2 crashes with MSI-X and vhost under emulation.
      ...["-device", `virtio-net-pci,netdev=n${i},vectors=0,mac=02:00:00:00:00:0${i + 1}`],
    ]);
    const boot = ["-kernel", kernel, "-initrd", initramfs, "-append", "console=ttyS0 quiet panic=-1 ipv6.disable=1"];
    const machine = ["-M", "q35", "-accel", "tcg", "-nographic", "-no-reboot", "-nic", "none"];
    this.#child = spawn("qemu-system-x86_64", [...machine, ...memory, ...boot, ...nics], {
      stdio: ["pipe", "pipe", "ignore"],
    });
    this.#child.stdout!.setEncoding("utf8").on("data", (text: string) => {
      this.#said += text;
    });
    this.#over = new Promise((resolve) => this.#child.once("exit", resolve));
  }

  /** Resolves when its bridge forwards. */
  async ready(): Promise<void> {
    await this.#says("guest: ready");
  }

  /** Of eth0 and eth1, since it booted. */
  async count(): Promise<readonly [GuestCounters, GuestCounters]> {
    this.#said = "";
    this.#child.stdin!.write("count\n");
    await this.#says("guest: counted");
    const of = (name: string): GuestCounters => {
      const found = new RegExp(`guest: ${name} rx (\\d+) (\\d+) tx (\\d+) (\\d+)`).exec(this.#said);
      if (found === null) return zeros;
      const [rxPackets, rxBytes, txPackets, txBytes] = found.slice(1).map(Number) as [number, number, number, number];
      return { rxPackets, rxBytes, txPackets, txBytes };
    };
    return [of("eth0"), of("eth1")];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#over;
  }

  async #says(line: string): Promise<void> {
    const gone = this.#over.then(() => {
      throw new Error(`the guest ended; it said: ${this.#said.slice(-2_000)}`);
    });
    while (!this.#said.includes(line)) {
      await Promise.race([new Promise((resolve) => this.#child.stdout!.once("data", resolve)), gone]);
    }
    gone.catch(() => {});
  }
}
