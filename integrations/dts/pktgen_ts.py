# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The pktgen-ts authors

"""The pktgen-ts traffic generator, for functional and for performance tests.

`pktgen-ts serve --stdio` runs on the node as a long-running process. A request is one line of JSON,
its answer is another one, and a line with the prompt follows. Frames, captures and results
cross as files, since a line of a pseudo-terminal ends after 4,095 bytes.

:class:`PktgenTs` is that process. It needs no traffic generator of the test run, so that a test
suite without links may use it on ports that have no PCI address, such as ``virtio-user:/tmp/sock``.
"""

import json
import struct
import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, ClassVar
from urllib.parse import urlencode

from scapy.data import ETHER_TYPES, IP_PROTOS
from scapy.layers.inet import IP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether
from scapy.packet import Packet, raw
from scapy.utils import rdpcap

from api.artifact import Artifact
from framework.config.node import OS
from framework.config.test_run import (
    PktgenTsFuncTrafficGeneratorConfig,
    PktgenTsPerfTrafficGeneratorConfig,
)
from framework.exception import (
    ConfigurationError,
    InteractiveCommandExecutionError,
    InteractiveSSHTimeoutError,
)
from framework.params import Params
from framework.remote_session.interactive_shell import InteractiveShell, only_active
from framework.testbed_model.node import Node
from framework.testbed_model.port import Port
from framework.testbed_model.topology import Topology
from framework.testbed_model.traffic_generator.capturing_traffic_generator import (
    CapturingTrafficGenerator,
    PacketFilteringConfig,
)
from framework.testbed_model.traffic_generator.performance_traffic_generator import (
    PerformanceTrafficGenerator,
    PerformanceTrafficStats,
)

#: The interface of the server that this file was written for.
API_VERSION = 1

#: Options of a run, by the names that the command line has in camelCase, e.g. ``rateTolerance``.
RunOptions = Mapping[str, str | int | bool | list[str]]


class PktgenTsError(InteractiveCommandExecutionError):
    """What pktgen-ts refused, or could not do."""


class InvalidTrialError(PktgenTsError):
    """The figures of a trial say nothing about the device, so there are none."""


@dataclass(slots=True, frozen=True)
class PktgenTsResult:
    """The result of a run.

    Attributes:
        document: The whole result: the JSON that ``--json`` writes.
        report: The same as text, with the ledger.
    """

    document: dict[str, Any]
    report: str

    @property
    def trials(self) -> list[dict[str, Any]]:
        """The trials: one for each frame size and direction."""
        return self.document["trials"]

    def verify_valid(self) -> None:
        """Refuse figures that say nothing about the device.

        Raises:
            InvalidTrialError: If a trial is invalid, or there is none.
        """
        reasons = [
            f"{trial['frameBytes']} bytes {trial.get('direction', '')}".strip()
            + f": {'; '.join(trial['reasons'])}"
            for trial in self.trials
            if trial["verdict"] == "invalid"
        ]
        if reasons or not self.trials:
            raise InvalidTrialError(
                f"pktgen-ts: the measurement is invalid: {'; '.join(reasons) or 'no trial ended'}. "
                "The artifacts of the test case have the whole result."
            )


def _capture_of(frames: Sequence[bytes]) -> bytes:
    """The frames as a pcap file: the bytes as they are, and no times."""
    header = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 0x40000, 1)
    records = (struct.pack("<IIII", 0, 0, len(frame), len(frame)) + frame for frame in frames)
    return header + b"".join(records)


class PktgenTs(InteractiveShell):
    """`pktgen-ts serve --stdio` on a node."""

    #: A line of its own after each answer.
    _default_prompt: ClassVar[str] = "pktgen-ts:ready"
    _closed_prompt: ClassVar[str] = "pktgen-ts:closed"
    #: What a line of a pseudo-terminal may have, its end included.
    _most_line_bytes: ClassVar[int] = 4095

    def __init__(
        self,
        node: Node,
        ports: Mapping[str, str],
        command: str = "pktgen-ts",
        privileged: bool = True,
        name: str | None = None,
    ) -> None:
        """Constructor. Starts nothing: see :meth:`start_application`.

        Args:
            node: The node to run it on.
            ports: What requests name, and what it is, e.g. ``{"gen": "virtio-user:/tmp/sock"}``.
            command: How to start it on the node.
            privileged: Start it as root, which interfaces of the kernel need.
            name: Name for the log.
        """
        self._command = command
        self._requests = 0
        self._results = 0
        self._started_with = ""
        options = " ".join(f'--port "{key}={value}"' for key, value in ports.items())
        params = Params.from_str(f"serve --prompt {self._default_prompt} --stdio {options}")
        super().__init__(node, name or "pktgen-ts", privileged, params)

    @property
    def path(self) -> PurePath:
        """How to start it."""
        return PurePath(self._command)

    def _make_start_command(self) -> str:
        """Extends the start command, so that a failed start and the end are seen at once."""
        start = super()._make_start_command()
        return f"{start} || (echo {self._default_prompt}); (echo {self._closed_prompt})"

    def send_command(
        self, command: str, prompt: str | None = None, skip_first_line: bool = False
    ) -> str:
        """Extends the method: what a start printed is kept, and a lost answer ends it all.

        Raises:
            InteractiveSSHTimeoutError: If the prompt did not come in time.
        """
        try:
            self._started_with = super().send_command(command, prompt, skip_first_line)
        except InteractiveSSHTimeoutError:
            # What is answered from here on would be taken for the answer to something else.
            self.is_alive = self.is_alive and self._requests == 0
            raise
        return self._started_with

    def start_application(self, prompt: str | None = None, add_to_shell_pool: bool = True) -> None:
        """Extends the method with the handshake.

        Args:
            prompt: Not used: the prompt is an option of the program.
            add_to_shell_pool: If :data:`True`, the shell will be registered to the shell pool.

        Raises:
            PktgenTsError: If it did not start: a port that is not there, a program that is not.
            ConfigurationError: If this file is of another version than the program.
        """
        self._requests = 0
        super().start_application(prompt, add_to_shell_pool)
        ready = next((m for m in self._messages(self._started_with) if "event" in m), None)
        if ready is None:
            self.is_alive = False
            lines = self._started_with.strip().splitlines()
            raise PktgenTsError("pktgen-ts did not start: " + " ".join(lines[1:]).strip())
        if ready.get("api") != API_VERSION:
            self.close()
            raise ConfigurationError(
                f"pktgen-ts {ready.get('version')} on {self._node.name} speaks version "
                f"{ready.get('api', 0)} of its interface, and this adapter version {API_VERSION}. "
                "Take integrations/dts/pktgen_ts.py of the version that is on the node."
            )

    @staticmethod
    def _messages(output: str) -> Iterator[dict[str, Any]]:
        """The lines that are objects: not the terminal's echo of a command that begins otherwise.

        Yields:
            Each of them, decoded.
        """
        for line in output.splitlines():
            try:
                message = json.loads(line[line.index("{") :])
            except ValueError:
                continue
            if isinstance(message, dict):
                yield message

    @contextmanager
    def _patience(self, seconds: float) -> Iterator[None]:
        """Wait so much longer for an answer.

        Yields:
            Once; then the timeout is what it was.
        """
        self._ssh_channel.settimeout(self._timeout + seconds)
        try:
            yield
        finally:
            self._ssh_channel.settimeout(self._timeout)

    def ask(self, path: str, method: str = "GET", **more: Any) -> dict[str, Any]:
        """Ask for a route, as docs/serve.md of pktgen-ts has them.

        Args:
            path: The route with its query.
            method: GET, POST, PATCH or DELETE.
            more: `body`, `bodyFile`, `file`.

        Raises:
            ConfigurationError: If the request cannot be: options, ports, frames.
            PktgenTsError: If it could not be done.

        Returns:
            The answer: ``status``, and ``body`` or what a file has.
        """
        self._requests += 1
        request = {"id": self._requests, "path": path, "method": method, **more}
        line = json.dumps(request, separators=(",", ":"))
        if len(line) < self._most_line_bytes:
            output = self.send_command(line)
        else:
            body = json.dumps(request.pop("body")).encode()
            with self._uploaded(body, ".json") as there:
                output = self.send_command(json.dumps({**request, "bodyFile": str(there)}))
        for message in self._messages(output):
            if message.get("end") is True and message.get("id") == self._requests:
                break
        else:
            self.is_alive = False
            raise PktgenTsError(f"pktgen-ts gave no answer to {path}: {output[-500:]}")
        if message["status"] >= 400:
            raise self._error(message["body"]["error"])
        return message

    @staticmethod
    def _error(error: Mapping[str, Any]) -> ConfigurationError | PktgenTsError:
        parts = [error["message"]]
        if error.get("where"):
            parts.append(f"at {error['where']}")
        if error.get("accepted"):
            parts.append(f"accepted: {error['accepted']}")
        if error.get("hint"):
            parts.append(error["hint"])
        text = "pktgen-ts: " + "; ".join(parts)
        if error.get("code", "failed") in (
            "invalid",
            "bad-request",
            "not-found",
            "forbidden",
            "missing-here",
        ):
            return ConfigurationError(text)
        return PktgenTsError(text)

    def _remote_file(self, ending: str) -> PurePath:
        name = f"pktgen-ts-{uuid.uuid4().hex}{ending}"
        return self._node.main_session.join_remote_path(self._node.tmp_dir, name)

    @contextmanager
    def _uploaded(self, content: bytes, ending: str) -> Iterator[PurePath]:
        """A file on the node.

        Yields:
            Its path. Then it is gone.
        """
        remote = self._remote_file(ending)
        with tempfile.TemporaryDirectory() as folder:
            local = Path(folder, remote.name)
            local.write_bytes(content)
            self._node.main_session.copy_to(local, remote)
        try:
            yield remote
        finally:
            self._node.main_session.remove_remote_file(remote)

    def _downloaded(self, path: str, method: str = "GET", ending: str = "", **more: Any) -> bytes:
        """What a route answers in bytes."""
        remote = self._remote_file(ending)
        try:
            self.ask(path, method, file=str(remote), **more)
            with tempfile.TemporaryDirectory() as folder:
                local = Path(folder, remote.name)
                self._node.main_session.copy_from(remote, local)
                return local.read_bytes()
        finally:
            if self._ssh_channel.active:
                self._node.main_session.remove_remote_file(remote)

    def exchange(
        self,
        packets: Sequence[Packet],
        tx: str,
        rx: str,
        duration: float,
        **more: str | int,
    ) -> list[Packet]:
        """Send packets once, and take what comes back, as bytes.

        Args:
            packets: What to send.
            tx: The name of the port to send on.
            rx: The name of the port to receive on.
            duration: How long to wait after the last packet that was sent or came, in seconds.
            more: Other parameters of the route, e.g. ``rate``, ``awaited``, ``maxFrame``.

        Raises:
            PktgenTsError: If not all packets left.

        Returns:
            All that came, in the order in which it came. Nothing where nothing was to be sent.
        """
        if not packets:
            return []
        settle = f"{max(1, round(duration * 1000))}ms"
        query = {"tx": tx, "rx": rx, "settle": settle, "format": "pcap"}
        query.update({key: str(value) for key, value in more.items()})
        back = self._remote_file(".pcap")
        session = self._node.main_session
        capture = _capture_of([raw(packet) for packet in packets])
        with self._uploaded(capture, ".pcap") as there:
            with self._patience(60 + duration):
                answer = self.ask(
                    f"/exchange?{urlencode(query)}", "POST", bodyFile=str(there), file=str(back)
                )
        with tempfile.TemporaryDirectory() as folder:
            local = Path(folder, back.name)
            session.copy_from(back, local)
            session.remove_remote_file(back)
            received = list(rdpcap(str(local)))
        counts = json.loads(answer["headers"]["Pktgen-Exchange"])
        if counts["unsent"]:
            longest = max(len(packet) for packet in packets)
            raise PktgenTsError(
                f"pktgen-ts: {counts['unsent']} of {counts['asked']} packets did not leave {tx}. "
                f"The longest has {longest} bytes{self._limit_of(tx)}."
            )
        if counts["missed"]:
            raise PktgenTsError(f"pktgen-ts: no room for {counts['missed']} packets that came.")
        return received

    def _limit_of(self, name: str) -> str:
        """What an interface takes, for a message."""
        known = self.ask("/ports")["body"]
        specs = {port["name"]: port["spec"] for port in known["ports"]}
        interface = specs.get(name, "").partition(":")[2].partition(",")[0]
        mtu = next((i["mtu"] for i in known["interfaces"] if i["name"] == interface), None)
        return "" if mtu is None else f", and {interface} has an MTU of {mtu}: at most {mtu + 14}"

    def run(self, options: RunOptions, seconds: float, command: str = "run") -> PktgenTsResult:
        """Measure, and keep the result and the report as artifacts of the test case.

        Args:
            options: The options of the command line in camelCase.
            seconds: About how long it takes: no answer for so long, and some, is an error.
            command: ``run``, ``ndr``, ``rfc2544`` and others.

        Raises:
            PktgenTsError: If it ended without a result.

        Returns:
            The result, which may be invalid: see :meth:`PktgenTsResult.verify_valid`.
        """
        begun = {"command": command, "options": dict(options), "stopWithClient": True}
        run_id = self.ask("/runs", "POST", body=begun)["body"]["id"]
        with self._patience(60 + 2 * seconds):
            self.ask(f"/runs/{run_id}/events")
        run = self.ask(f"/runs/{run_id}")["body"]
        if run["state"] != "done":
            raise self._error(run["error"] or {"message": f"the run ended {run['state']}"})
        document = self._downloaded(f"/runs/{run_id}/result.json", ending=".json")
        report = self._downloaded(f"/runs/{run_id}/result.txt", ending=".txt")
        self._results += 1
        for ending, content in (("json", document), ("txt", report)):
            # Named, since its file is closed with it.
            artifact = Artifact("local", f"pktgen-ts-{self._results}.{ending}")
            with artifact.open("wb") as file:
                file.write(content)
        self._logger.info(f"pktgen-ts:\n{report.decode()}")
        return PktgenTsResult(json.loads(document), report.decode())

    @only_active
    def close(self) -> None:
        """Overrides the method: the end of its input ends it, and its runs stop."""
        if self.is_alive:
            try:
                super().send_command("\x04", self._closed_prompt)
            except InteractiveSSHTimeoutError:
                self._logger.warning("pktgen-ts did not end; its terminal is closed.")
            self.is_alive = False
        super().close()


def is_wanted(packet: Packet, filter_config: PacketFilteringConfig) -> bool:
    """Whether a received packet passes the filters, as they are meant for all traffic generators.

    Args:
        packet: What came.
        filter_config: What is filtered out.

    Returns:
        :data:`False` if it is of a protocol that is to be left out.
    """
    ether = packet.getlayer(Ether)
    ether_type = None if ether is None else ether.type
    if filter_config.no_arp and ether_type == ETHER_TYPES.ARP:
        return False
    if filter_config.no_lldp and ether_type == ETHER_TYPES.LLDP:
        return False
    protocols = set()
    if (ipv4 := packet.getlayer(IP)) is not None:
        protocols.add(ipv4.proto)
    if (ipv6 := packet.getlayer(IPv6)) is not None:
        is_behind_options = ipv6.nh == IP_PROTOS.hopopt
        protocols.add(ipv6.payload.nh if is_behind_options else ipv6.nh)
    return not (filter_config.no_icmp and protocols & {IP_PROTOS.icmp, IP_PROTOS.ipv6_icmp})


class _PortNames:
    """Names for the TG node's ports, as the server knows them."""

    def __init__(self, topology: Topology, port_kind: str) -> None:
        self.specs: dict[str, str] = {}
        for port in topology.tg_ports:
            if not port.logical_name:
                raise ConfigurationError(
                    f"Port {port.name} ({port.pci}) of the TG node has no network interface: "
                    f"pktgen-ts needs the kernel's driver there, not {port.current_driver!r}."
                )
            self.specs[self.of(port)] = f"{port_kind}:{port.logical_name}"

    @staticmethod
    def of(port: Port) -> str:
        return port.logical_name.replace("@", "-")


def _verify_linux(node: Node) -> None:
    if node.config.os != OS.linux:
        raise ConfigurationError("Linux is the only operating system that pktgen-ts runs on.")


class PktgenTsFunctionalTrafficGenerator(CapturingTrafficGenerator):
    """Sends packets byte by byte as they are, and captures what comes back."""

    _config: PktgenTsFuncTrafficGeneratorConfig
    _shell: PktgenTs | None

    def __init__(self, tg_node: Node, config: PktgenTsFuncTrafficGeneratorConfig) -> None:
        """Constructor.

        Args:
            tg_node: The node where the traffic generator resides.
            config: The traffic generator's test run configuration.
        """
        _verify_linux(tg_node)
        super().__init__(tg_node, config)
        self._shell = None

    def setup(self, topology: Topology) -> None:
        """Extends the method: binds the ports to the kernel's drivers, and starts the process."""
        super().setup(topology)
        topology.configure_ports("tg", "kernel")
        specs = _PortNames(topology, self._config.port_kind).specs
        self._shell = PktgenTs(self._tg_node, specs, self._config.command)
        self._shell.start_application(add_to_shell_pool=False)

    def close(self) -> None:
        """Overrides the method: ends the process."""
        if self._shell is not None:
            self._shell.close()
            self._shell = None

    def _exchange(
        self, packets: list[Packet], send_port: Port, receive_port: Port, **more: Any
    ) -> list[Packet]:
        if self._shell is None:
            raise PktgenTsError("pktgen-ts was not set up.")
        names = _PortNames.of(send_port), _PortNames.of(receive_port)
        return self._shell.exchange(packets, *names, rate=self._config.send_rate, **more)

    def _send_packets(self, packets: list[Packet], port: Port) -> None:
        """Sent means: handed to the interface's driver."""
        self._exchange(packets, port, port, duration=0, awaited=0)

    def _send_packets_and_capture(
        self,
        packets: list[Packet],
        send_port: Port,
        receive_port: Port,
        filter_config: PacketFilteringConfig,
        duration: float,
    ) -> list[Packet]:
        received = self._exchange(
            packets,
            send_port,
            receive_port,
            duration=duration,
            maxFrame=self._config.max_frame,
        )
        return [packet for packet in received if is_wanted(packet, filter_config)]


class PktgenTsPerformanceTrafficGenerator(PerformanceTrafficGenerator):
    """Sends one packet over and over, and counts what comes back over the whole trial."""

    _config: PktgenTsPerfTrafficGeneratorConfig
    _shell: PktgenTs | None
    _names: list[str]

    def __init__(self, tg_node: Node, config: PktgenTsPerfTrafficGeneratorConfig) -> None:
        """Constructor.

        Args:
            tg_node: The node where the traffic generator resides.
            config: The traffic generator's test run configuration.
        """
        _verify_linux(tg_node)
        super().__init__(tg_node, config)
        self._shell = None
        self._names = []

    def setup(self, topology: Topology) -> None:
        """Extends the method: looks at the drivers, and starts the process.

        Raises:
            ConfigurationError: If the ports would be taken from the kernel for performance tests.
        """
        super().setup(topology)
        for port in topology.tg_ports:
            if port.config.os_driver_for_dpdk != port.config.os_driver:
                raise ConfigurationError(
                    f"Port {port.name} of {self._tg_node.name} is bound to "
                    f"{port.config.os_driver_for_dpdk!r} before performance tests, and pktgen-ts "
                    f"sends through the kernel's driver. In the nodes' configuration, set its "
                    f"os_driver_for_dpdk to its os_driver, {port.config.os_driver!r}."
                )
        topology.configure_ports("tg", "kernel")
        specs = _PortNames(topology, self._config.port_kind).specs
        self._names = list(specs)
        self._shell = PktgenTs(self._tg_node, specs, self._config.command)
        self._shell.start_application(add_to_shell_pool=False)

    def close(self) -> None:
        """Overrides the method: ends the process."""
        if self._shell is not None:
            self._shell.close()
            self._shell = None

    def calculate_traffic_and_stats(
        self,
        packet: Packet,
        duration: float,
        send_mpps: int | None = None,
    ) -> PerformanceTrafficStats:
        """Send packet traffic on all ports, and count it over the whole trial.

        Overrides
        :meth:`~.traffic_generator.PerformanceTrafficGenerator.calculate_traffic_and_stats`.

        Raises:
            PktgenTsError: If it was not set up.

        Returns:
            Sums of all ports: what left, and what came back intact. Bits per second, of frames
            with FCS, as the TRex traffic generator has them.
        """
        if self._shell is None:
            raise PktgenTsError("pktgen-ts was not set up.")
        options: dict[str, str | int | bool | list[str]] = {
            "dut": "external",
            "tx": self._names[0],
            "rx": self._names[-1],
            "frame": f"hex:{raw(packet).hex()}",
            "rate": "max" if send_mpps is None else f"{send_mpps}Mpps",
            "duration": f"{round(duration * 1000)}ms",
            **self._config.run_options,
        }
        if len(self._names) > 1:
            options["bidirectional"] = True
        result = self._shell.run(options, duration)
        result.verify_valid()
        return stats_of(result, len(packet))


def stats_of(result: PktgenTsResult, frame_size: int) -> PerformanceTrafficStats:
    """Rates from the counts of whole trials.

    Args:
        result: What was measured.
        frame_size: The length of the packet.

    Returns:
        The sums of all directions.
    """

    def per_second(count: str) -> float:
        return sum(trial[count] * 1e9 / trial["durationNs"] for trial in result.trials)

    def bits_per_second(count: str) -> float:
        return sum(
            trial[count] * trial["meanFrameBytes"] * 8 * 1e9 / trial["durationNs"]
            for trial in result.trials
        )

    return PerformanceTrafficStats(
        tx_pps=per_second("sent"),
        tx_bps=bits_per_second("sent"),
        rx_pps=per_second("accepted"),
        rx_bps=bits_per_second("accepted"),
        frame_size=frame_size,
    )
