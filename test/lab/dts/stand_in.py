"""A stand-in for what the adapter takes of the DPDK Test Suite's framework, since it is in no package registry.

It is a mock of names and signatures alone. The terminal is real: a shell on a pty, as DTS has one over ssh.
"""
import logging
import os
import pty
import select
import shutil
import signal
import sys
import types
from dataclasses import dataclass
from enum import Enum
from pathlib import Path, PurePath, PurePosixPath


def module(name, **names):
    made = types.ModuleType(name)
    made.__dict__.update(names)
    made.__path__ = []
    sys.modules[name] = made
    return made


class DTSError(Exception):
    pass


class ConfigurationError(DTSError):
    pass


class InteractiveCommandExecutionError(DTSError):
    pass


class InteractiveSSHTimeoutError(DTSError):
    pass


class Artifact:
    """A file in `Artifact.folder`."""

    folder = Path(".")

    def __init__(self, node, file_name):
        self.path = Artifact.folder / file_name

    def open(self, mode):
        return self.path.open(mode)


class OS(str, Enum):
    linux = "linux"
    freebsd = "freebsd"


@dataclass
class FuncConfig:
    command: str
    type: str = "PKTGEN_TS"
    port_kind: str = "packet"
    send_rate: str = "10kpps"
    max_frame: int = 9728


@dataclass
class PerfConfig:
    command: str
    run_options: dict
    type: str = "PKTGEN_TS"
    port_kind: str = "packet"


class Params:
    def __init__(self, text=""):
        self.text = text

    from_str = classmethod(lambda cls, text: cls(text))

    def __str__(self):
        return self.text


class Session:
    """This machine."""

    join_remote_path = staticmethod(PurePosixPath)
    copy_to = copy_from = staticmethod(lambda source, target: shutil.copyfile(source, target))

    @staticmethod
    def _get_privileged_command(command):
        return command

    @staticmethod
    def remove_remote_file(path):
        Path(path).unlink(missing_ok=True)


class Node:
    def __init__(self, folder, os_name=OS.linux):
        self.name = "TG"
        self.tmp_dir = PurePath(folder)
        self.main_session = Session()
        self.config = types.SimpleNamespace(os=os_name)


class Terminal:
    """A shell on a pty of its own."""

    def __init__(self):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvp("bash", ["bash", "--norc", "-i"])
        self.active = True
        self.rest = b""
        self.settimeout(30)

    def settimeout(self, seconds):
        self.seconds = seconds

    def write(self, text):
        os.write(self.fd, text.encode())

    def readline(self):
        while b"\n" not in self.rest:
            if not select.select([self.fd], [], [], self.seconds)[0]:
                raise TimeoutError
            self.rest += os.read(self.fd, 65536)
        line, _, self.rest = self.rest.partition(b"\n")
        return line.decode(errors="replace") + "\n"

    def close(self):
        if self.active:
            self.active = False
            os.close(self.fd)
            os.kill(self.pid, signal.SIGHUP)
            os.waitpid(self.pid, 0)


class InteractiveShell:
    _default_prompt = ""

    def __init__(self, node, name=None, privileged=False, app_params=None):
        self._node = node
        self._logger = logging.getLogger(name)
        self._app_params = app_params
        self._privileged = privileged
        self._timeout = 30
        self.is_alive = False

    def _make_start_command(self):
        command = f"{self._node.main_session.join_remote_path(self.path)} {self._app_params}"
        return self._node.main_session._get_privileged_command(command) if self._privileged else command

    def start_application(self, prompt=None, add_to_shell_pool=True):
        self._ssh_channel = Terminal()
        self.is_alive = True
        self.send_command(self._make_start_command(), prompt)

    def send_command(self, command, prompt=None, skip_first_line=False):
        if not self.is_alive:
            raise InteractiveCommandExecutionError("the shell is not running")
        self._ssh_channel.write(f"{command}\n")
        output = ""
        try:
            while not (line := self._ssh_channel.readline()).rstrip().endswith(prompt or self._default_prompt):
                output += line
        except TimeoutError as error:
            raise InteractiveSSHTimeoutError(f"{command}: {output}") from error
        return output

    def close(self):
        self._ssh_channel.close()


def only_active(method):
    return lambda self: method(self) if self._ssh_channel.active else None


class Port:
    def __init__(self, name, interface, drivers=("veth", "veth")):
        self.name, self.pci, self.logical_name = name, "0000:00:00.0", interface
        self.current_driver = drivers[0]
        self.config = types.SimpleNamespace(os_driver_for_dpdk=drivers[0], os_driver=drivers[1])


class Topology:
    def __init__(self, *ports):
        self.tg_ports = list(ports)

    def configure_ports(self, node, drivers):
        assert (node, drivers) == ("tg", "kernel")


@dataclass
class PacketFilteringConfig:
    no_lldp: bool = True
    no_arp: bool = True
    no_icmp: bool = True


class TrafficGenerator:
    def __init__(self, tg_node, config):
        self._tg_node, self._config = tg_node, config
        self.is_setup = False

    def setup(self, topology):
        self.is_setup = True

    def teardown(self):
        self.is_setup = False
        self.close()


class CapturingTrafficGenerator(TrafficGenerator):
    def send_packets(self, packets, port):
        self._send_packets(packets, port)

    def send_packets_and_capture(self, packets, send_port, receive_port, filter_config, duration):
        return self._send_packets_and_capture(packets, send_port, receive_port, filter_config, duration)


@dataclass
class PerformanceTrafficStats:
    tx_pps: float
    tx_bps: float
    rx_pps: float
    rx_bps: float
    frame_size: int = None


for package in ("api", "framework", "framework.config", "framework.remote_session", "framework.testbed_model"):
    module(package)
generators = "framework.testbed_model.traffic_generator"
module(generators)
module("api.artifact", Artifact=Artifact)
module("framework.config.node", OS=OS)
module(
    "framework.config.test_run",
    PktgenTsFuncTrafficGeneratorConfig=FuncConfig,
    PktgenTsPerfTrafficGeneratorConfig=PerfConfig,
)
module(
    "framework.exception",
    ConfigurationError=ConfigurationError,
    InteractiveCommandExecutionError=InteractiveCommandExecutionError,
    InteractiveSSHTimeoutError=InteractiveSSHTimeoutError,
)
module("framework.params", Params=Params)
module("framework.remote_session.interactive_shell", InteractiveShell=InteractiveShell, only_active=only_active)
module("framework.testbed_model.node", Node=Node)
module("framework.testbed_model.port", Port=Port)
module("framework.testbed_model.topology", Topology=Topology)
module(
    f"{generators}.capturing_traffic_generator",
    CapturingTrafficGenerator=CapturingTrafficGenerator,
    PacketFilteringConfig=PacketFilteringConfig,
)
module(
    f"{generators}.performance_traffic_generator",
    PerformanceTrafficGenerator=TrafficGenerator,
    PerformanceTrafficStats=PerformanceTrafficStats,
)
