# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The pktgen-ts authors

"""Virtio-user for container networking test suite.

A container that runs DPDK has a virtio-user port. Its other end is a vhost-user port of the host's
testpmd, which forwards packets between the container and the traffic generator::

    generator <-> net_vhost0 [host's testpmd] net_vhost1 <-> net_virtio_user0 [container's testpmd]

The plan's generator is on a NIC. Here it is on a vhost-user socket as the container is, so that no
link is needed, and every packet is accounted for at every hop.
"""

import json
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from typing_extensions import Unpack

from api.artifact import Artifact
from api.capabilities import LinkTopology
from api.test import log, verify
from api.testpmd import TestPmd
from api.testpmd.config import SimpleForwardingModes
from framework.params import Params
from framework.params.types import TestPmdParamsDict
from framework.test_suite import BaseConfig, TestSuite, func_test
from framework.testbed_model.capability import requires
from framework.testbed_model.cpu import LogicalCoreList
from framework.testbed_model.traffic_generator.pktgen_ts import (
    InvalidTrialError,
    PktgenTs,
    PktgenTsResult,
)
from framework.testbed_model.virtual_device import VirtualDevice


class Config(BaseConfig):
    """What is on the SUT node."""

    #: How to start pktgen-ts.
    generator: str = "pktgen-ts"
    #: How to start a container that ends with its program, e.g. `podman run -it --rm --privileged
    #: --network none -v /tmp:/tmp -v /dev/hugepages:/dev/hugepages dpdk_image`. Without it the
    #: container's testpmd is a process of the host, which the test case says.
    container: str = ""
    #: The container's testpmd, where there is a container.
    container_testpmd: str = "dpdk-testpmd"
    #: The plan uses hugepages. Without them nothing has to be reserved: DPDK maps a file in memory.
    hugepages: bool = False
    #: The frame sizes of the plan, with FCS.
    frame_sizes: list[int] = [64, 128, 256, 512, 1024, 1518]
    #: Frames of each size.
    frames: int = 1000
    #: How fast they are sent. The pollers need CPUs of their own for more.
    rate: str = "1kpps"
    #: How often a size is measured where the generator stood still, which says nothing of the SUT.
    attempts: int = 3
    #: Slots of each ring.
    ring_size: int = 1024


@dataclass(slots=True, frozen=True)
class Hop:
    """What a port counted.

    Attributes:
        name: The hop, as the ledger has it.
        rx: Frames that it received.
        tx: Frames that it sent.
    """

    name: str
    rx: int
    tx: int


class ContainerTestPmd(TestPmd):
    """Testpmd that may be in a container."""

    def __init__(
        self, container: str, testpmd: str, **app_params: Unpack[TestPmdParamsDict]
    ) -> None:
        """Extends the constructor with how to start a container.

        Args:
            container: What starts it. Empty: none.
            testpmd: Its testpmd.
            app_params: As of :class:`TestPmd`.
        """
        super().__init__(name="container", **app_params)
        self._container = container
        self._testpmd = testpmd

    def _make_real_path(self) -> PurePath:
        if not self._container:
            return super()._make_real_path()
        return PurePath(f"{self._container} {shlex.quote(self._testpmd)}")


class TestVirtioUserContainer(TestSuite):
    """Virtio-user for container networking test suite."""

    config: Config

    def set_up_suite(self) -> None:
        """Set up the test suite.

        Setup:
            Make a folder for the sockets on the SUT node.
        """
        self._node = self._ctx.sut_node
        self._folder = self._node.main_session.create_tmp_dir()

    def tear_down_suite(self) -> None:
        """Tear down the test suite.

        Teardown:
            Remove the folder.
        """
        self._node.main_session.remove_remote_dir(self._folder)

    def tear_down_test_case(self) -> None:
        """Tear down the test case.

        Teardown:
            Remove the hugepage files of both testpmds, which DPDK leaves, and the pages with them.
        """
        if not self.config.hugepages:
            return
        session = self._node.main_session
        mounts = session.send_command("cat /proc/mounts").stdout.splitlines()
        folders = [words[1] for words in map(str.split, mounts) if words[2] == "hugetlbfs"]
        for folder in folders:
            for prefix in self._ctx.dpdk.prefix_list:
                session.send_command(f"rm -f {folder}/{prefix}map_*", privileged=True)

    @requires(topology_type=LinkTopology.NO_LINK)
    @func_test
    def single_queue(self) -> None:
        """Packet forward test for container networking.

        Steps:
            * Launch testpmd with a vhost-user port for the container, and one for the generator.
            * Launch testpmd in a container with a virtio-user port.
            * Send packets of 64, 128, 256, 512, 1024 and 1518 bytes.

        Verify:
            * The container receives and forwards every packet.
            * Every packet comes back to the generator intact.
        """
        self._forward(queues=1)

    @requires(topology_type=LinkTopology.NO_LINK)
    @func_test
    def two_queues(self) -> None:
        """Packet forward with multi-queues for container networking.

        Steps:
            * Launch testpmd with two queues on each vhost-user port.
            * Launch testpmd in a container with two queues on its virtio-user port.
            * Send packets of 64, 128, 256, 512, 1024 and 1518 bytes, on both queues.

        Verify:
            * The container receives and forwards every packet.
            * Both of its queues receive and forward packets.
            * Every packet comes back to the generator intact.
        """
        self._forward(queues=2)

    def _forward(self, queues: int) -> None:
        generator_socket = self._folder / "generator.sock"
        container_socket = self._folder / "container.sock"
        host_devices = [
            VirtualDevice(f"net_vhost0,iface={generator_socket},queues={queues},client=0"),
            VirtualDevice(f"net_vhost1,iface={container_socket},queues={queues},client=0"),
        ]
        container_device = VirtualDevice(
            f"net_virtio_user0,mac=00:11:22:33:44:10,path={container_socket},"
            f"queues={queues},queue_size={self.config.ring_size}"
        )
        if not self.config.container:
            log("No container is configured: its testpmd is a process of the host.")
        with (
            TestPmd(**self._parameters("vhost", host_devices, queues)) as host,
            ContainerTestPmd(
                self.config.container,
                self.config.container_testpmd,
                **self._parameters("container", [container_device], queues),
            ) as container,
            self._generator(generator_socket, queues) as generator,
        ):
            for testpmd in (host, container):
                testpmd.set_forward_mode(SimpleForwardingModes.io)
                testpmd.start()
            for frame_size in self.config.frame_sizes:
                self._send(frame_size, queues, generator, host, container)
            stopped = container.stop()
            host.stop()
            self._verify_queues(stopped, queues)

    def _parameters(
        self, prefix: str, vdevs: list[VirtualDevice], queues: int
    ) -> TestPmdParamsDict:
        """Parameters of a testpmd: a core that forwards for each queue, if there are as many."""
        cores = self._ctx.dpdk.filter_lcores(LogicalCoreList(self._ctx.dpdk.config.lcores))
        nb_cores = max(1, min(queues, len(cores) - 1))
        if nb_cores < queues:
            log(f"{len(cores)} lcores are configured: {nb_cores} forwards for {queues} queues.")
        params: TestPmdParamsDict = {
            "prefix": prefix,
            "vdevs": vdevs,
            "no_pci": True,
            "lcore_list": LogicalCoreList(cores[: nb_cores + 1]),
            "rx_queues": queues,
            "tx_queues": queues,
            "nb_cores": nb_cores,
            "total_num_mbufs": 16384,
        }
        if self.config.hugepages:
            params["other_eal_param"] = Params.from_str("--single-file-segments")
        else:
            params["other_eal_param"] = Params.from_str("--no-huge -m 512")
            params["lock_all_memory"] = False
        return params

    @contextmanager
    def _generator(self, socket: PurePath, queues: int) -> Iterator[PktgenTs]:
        port = f"virtio-user:{socket},queues={queues},size={self.config.ring_size}"
        generator = PktgenTs(self._node, {"gen": port}, self.config.generator)
        generator.start_application()
        try:
            yield generator
        finally:
            generator.close()

    def _send(
        self,
        frame_size: int,
        queues: int,
        generator: PktgenTs,
        host: TestPmd,
        container: TestPmd,
    ) -> None:
        """Send frames of one size, and account for each of them at each hop.

        Raises:
            InvalidTrialError: If no attempt was valid.
        """
        options: dict[str, str | int | bool | list[str]] = {
            "dut": "external",
            "tx": "gen",
            "sizes": str(frame_size),
            "queues": str(queues),
            "flows": str(queues),
            "rate": self.config.rate,
            "count": str(self.config.frames),
            # The frames are counted here, not the time they take: pollers may share CPUs.
            "rateTolerance": "50%",
            "lateTolerance": "100%",
        }
        for attempt in range(1, self.config.attempts + 1):
            before = self._hops(host, container)
            result = generator.run(options, seconds=60)
            try:
                result.verify_valid()
                break
            except InvalidTrialError as error:
                if attempt == self.config.attempts:
                    raise
                log(f"{frame_size} bytes, attempt {attempt}: {error}")
        hops = [
            Hop(now.name, now.rx - then.rx, now.tx - then.tx)
            for now, then in zip(self._hops(host, container), before, strict=True)
        ]
        self._verify_ledger(frame_size, result, hops)

    @staticmethod
    def _hops(host: TestPmd, container: TestPmd) -> list[Hop]:
        """The counters of the ports, in the order in which a packet passes them."""
        to_generator, to_container = host.show_port_stats_all()[0]
        (inside,) = container.show_port_stats_all()[0]
        return [
            Hop("host >", to_generator.rx_packets, to_container.tx_packets),
            Hop("container", inside.rx_packets, inside.tx_packets),
            Hop("host <", to_container.rx_packets, to_generator.tx_packets),
        ]

    def _verify_ledger(self, frame_size: int, result: PktgenTsResult, hops: list[Hop]) -> None:
        (trial,) = result.trials
        sent, accepted = trial["sent"], trial["accepted"]
        columns = [("sent", sent), *self._columns(hops), ("received", accepted)]
        log(f"{frame_size} bytes: " + ", ".join(f"{name} {frames}" for name, frames in columns))
        ledger: dict[str, Any] = {
            "frame_size": frame_size,
            "verdict": trial["verdict"],
            "reasons": trial["reasons"],
            "hops": dict(columns),
        }
        artifact = Artifact("local", f"ledger-{frame_size}.json")
        with artifact.open("w") as file:
            json.dump(ledger, file, indent=2)
        verify(
            sent == self.config.frames,
            f"{frame_size} bytes: the generator sent {sent} of {self.config.frames} packets.",
        )
        for name, frames in columns:
            verify(
                frames == sent,
                f"{frame_size} bytes: {name} has {frames} of {sent} packets: {dict(columns)}",
            )
        verify(
            trial["verdict"] == "pass",
            f"{frame_size} bytes: {'; '.join(trial['reasons'])}",
        )

    @staticmethod
    def _columns(hops: list[Hop]) -> Iterator[tuple[str, int]]:
        for hop in hops:
            yield f"{hop.name} rx", hop.rx
            yield f"{hop.name} tx", hop.tx

    def _verify_queues(self, stopped: str, queues: int) -> None:
        """The forward statistics of the container's testpmd have a stream for each queue."""
        if queues == 1:
            return
        for queue in range(queues):
            _, found, after = stopped.partition(f"RX Port= 0/Queue= {queue} ")
            verify(bool(found), f"The container's queue {queue} forwarded nothing:\n{stopped}")
            words = after.split("RX-packets:", 1)[1].split()
            verify(
                int(words[0]) > 0,
                f"The container's queue {queue} received no packet:\n{stopped}",
            )
            log(f"The container's queue {queue} received {words[0]} packets.")
