#!/usr/bin/env python3
"""
A device for tests that forwards from one interface to another and does to frames what a plan says, with a log of its own.
It shares no code with the product, so that its log is a second opinion. Only the standard library; Linux packet sockets.

    relay.py IN OUT PLAN LOG

PLAN is JSON: "steps" is a list of {"at": n, "do": ...} where n counts the frames that came in, from 0:

    drop                      the frame is not forwarded
    double                    it is forwarded twice
    hold, by: k               it is forwarded behind the k frames that come after it
    damage, byte, xor         one byte is changed; a negative byte counts from the end
    copyDamaged, byte, xor    it is forwarded, and then a damaged copy of it
    cut, bytes                its end is cut off
    pad, bytes                zeros are put behind it
    insert, kept: m           behind it, frame m of "keptFile" is sent
    inject, hex               behind it, these bytes are sent

and beside it "delayMs" (of every frame), "police": {"pps", "burst"} (a token bucket; what finds no token is dropped),
"keepFile" (every frame that came in is written there) and "keptFile" (frames to insert).

LOG is JSON: "in" (frames that came in), "out": a list of [n, what] for each frame sent, in order, "policed": numbers that
the bucket dropped, "kernelDrops": frames that this program was too slow for (must be 0). It ends when standard input does.
"""
import heapq
import json
import select
import socket
import struct
import sys
import time

ETH_P_ALL = 3
SOL_PACKET = 263
PACKET_STATISTICS = 6
PACKET_AUXDATA = 8
PACKET_OUTGOING = 4
TP_STATUS_VLAN_VALID = 1 << 4
TP_STATUS_VLAN_TPID_VALID = 1 << 6
SO_RCVBUFFORCE = 33


def open_socket(name, receives):
    one = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL) if receives else 0)
    one.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
    if receives:
        one.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    one.bind((name, ETH_P_ALL if receives else 0))
    one.setblocking(False)
    return one


def receive(one):
    """The next frame with the VLAN tag that the kernel took out of it, or None; what leaves here is not looked at."""
    while True:
        try:
            frame, extra, _, address = one.recvmsg(65536, 256)
        except BlockingIOError:
            return None
        if address[2] == PACKET_OUTGOING:
            continue
        for level, kind, data in extra:
            if level != SOL_PACKET or kind != PACKET_AUXDATA:
                continue
            status, _, _, _, _, tci, tpid = struct.unpack("=IIIHHHH", data[:20])
            if status & TP_STATUS_VLAN_VALID:
                if not status & TP_STATUS_VLAN_TPID_VALID:
                    tpid = 0x8100
                frame = frame[:12] + struct.pack("!HH", tpid, tci) + frame[12:]
        return frame


def changed(frame, step):
    bytes_ = bytearray(frame)
    bytes_[step["byte"]] ^= step["xor"]
    return bytes(bytes_)


class Bucket:
    def __init__(self, plan):
        self.pps, self.burst = plan["pps"], plan["burst"]
        self.tokens, self.at = float(self.burst), time.monotonic()

    def takes(self):
        now = time.monotonic()
        self.tokens = min(self.burst, self.tokens + (now - self.at) * self.pps)
        self.at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


class Relay:
    def __init__(self, plan, way_in, way_out):
        self.way_in, self.way_out = way_in, way_out
        self.steps = {}
        for step in plan.get("steps", []):
            self.steps.setdefault(step["at"], []).append(step)
        self.delay = plan.get("delayMs", 0) / 1000
        self.bucket = Bucket(plan["police"]) if "police" in plan else None
        self.keep = open(plan["keepFile"], "w") if "keepFile" in plan else None
        self.kept = []
        if "keptFile" in plan:
            with open(plan["keptFile"]) as file:
                self.kept = [bytes.fromhex(line) for line in file.read().split()]
        self.count = 0
        self.out, self.policed = [], []
        # Frames that wait for others to pass: [frames still to pass, number, what, bytes].
        self.held = []
        self.due = []
        self.order = 0

    def send(self, number, what, frame):
        """Now, or after the delay."""
        if self.delay == 0:
            self.put(number, what, frame)
            return
        heapq.heappush(self.due, (time.monotonic() + self.delay, self.order, number, what, frame))
        self.order += 1

    def put(self, number, what, frame):
        while True:
            try:
                self.way_out.send(frame)
                break
            except (BlockingIOError, OSError) as error:
                if not isinstance(error, BlockingIOError) and error.errno != 105:  # ENOBUFS
                    raise
                select.select([], [self.way_out], [], 0.001)
        self.out.append([number, what])

    def take(self, frame):
        number = self.count
        self.count += 1
        if self.keep is not None:
            self.keep.write(frame.hex() + "\n")
        behind, what, wait, sent = [], "whole", 0, True
        twice = False
        if self.bucket is not None and not self.bucket.takes():
            self.policed.append(number)
            sent = False
        for step in self.steps.get(number, []):
            do = step["do"]
            if do == "drop":
                sent = False
            elif do == "double":
                twice = True
            elif do == "hold":
                wait = step["by"]
            elif do == "damage":
                frame, what = changed(frame, step), "damaged"
            elif do == "copyDamaged":
                behind.append(("damaged", changed(frame, step)))
            elif do == "cut":
                frame, what = frame[: -step["bytes"]], "cut"
            elif do == "pad":
                frame, what = frame + bytes(step["bytes"]), "padded"
            elif do == "insert":
                behind.append(("inserted", self.kept[step["kept"]]))
            elif do == "inject":
                behind.append(("injected", bytes.fromhex(step["hex"])))
            else:
                raise SystemExit(f"unknown step {do}")
        if sent and wait == 0:
            self.send(number, what, frame)
            if twice:
                self.send(number, what, frame)
        for kind, other in behind:
            self.send(number, kind, other)
        for waiting in self.held:
            waiting[0] -= 1
        for waiting in [each for each in self.held if each[0] <= 0]:
            self.held.remove(waiting)
            self.send(*waiting[1:])
        if sent and wait > 0:
            self.held.append([wait, number, what, frame])

    def run(self):
        print("ready", flush=True)
        watched = [self.way_in, sys.stdin]
        while True:
            wait = 0.05 if not self.due else max(0, min(0.05, self.due[0][0] - time.monotonic()))
            readable, _, _ = select.select(watched, [], [], wait)
            while self.due and self.due[0][0] <= time.monotonic():
                _, _, number, what, frame = heapq.heappop(self.due)
                self.put(number, what, frame)
            # One frame at a time while others are due: a delay is kept also under load.
            for _ in range(1 if self.due else 64):
                frame = receive(self.way_in)
                if frame is None:
                    break
                self.take(frame)
            if sys.stdin in readable and sys.stdin.readline() == "":
                return

    def log(self):
        _, drops = struct.unpack("=II", self.way_in.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
        return {"in": self.count, "out": self.out, "policed": self.policed, "kernelDrops": drops}


def main():
    name_in, name_out, plan_file, log_file = sys.argv[1:5]
    with open(plan_file) as file:
        plan = json.load(file)
    relay = Relay(plan, open_socket(name_in, True), open_socket(name_out, False))
    relay.run()
    if relay.keep is not None:
        relay.keep.close()
    with open(log_file, "w") as file:
        json.dump(relay.log(), file)


main()
