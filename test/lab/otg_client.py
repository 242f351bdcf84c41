"""What a script of a user does with the server: prints one JSON document. Arguments: location, transport, what to do."""
import json
import sys
import time

import snappi

location, transport, what = sys.argv[1:4]
api = snappi.api(location=location, transport=transport, version_check=True)


def configured(flows, captures=True):
    config = api.config()
    for name in ("p1", "p2"):
        config.ports.add(name=name, location=name)
    config.layer1.add(name="l1", port_names=["p1", "p2"], speed="speed_1_gbps")
    if captures:
        config.captures.add(name="c", port_names=["p1", "p2"], format="pcap")
    for name, tx, rx, packets in flows:
        flow = config.flows.add(name=name)
        flow.tx_rx.port.tx_name, flow.tx_rx.port.rx_names = tx, [rx]
        flow.size.fixed, flow.rate.pps = 128, 500
        flow.duration.fixed_packets.packets = packets
        flow.metrics.enable = flow.metrics.loss = flow.metrics.latency.enable = True
        eth, ip, udp = flow.packet.ethernet().ipv4().udp()
        eth.src.value, eth.dst.increment.start, eth.dst.increment.count = "02:00:00:00:ff:01", "02:00:00:00:00:00", 1000
        ip.src.value, ip.dst.value = "198.18.0.1", "198.18.1.1"
        udp.src_port.increment.start, udp.src_port.increment.count = 5000, 1000
        udp.dst_port.value = 9
    return config


def transmit(state, names=()):
    control = api.control_state()
    control.traffic.flow_transmit.flow_names, control.traffic.flow_transmit.state = list(names), state
    api.set_control_state(control)


def rows():
    request = api.metrics_request()
    request.flow.flow_names = []
    return list(api.get_metrics(request).flow_metrics)


def until(is_it):
    while not is_it():
        time.sleep(0.02)


def shown():
    return [[row.name, row.transmit, row.frames_tx, row.frames_rx, row.loss] for row in rows()]


def counts():
    warnings = list(api.set_config(configured([("f1", "p1", "p2", 100), ("f2", "p2", "p1", 70)])).warnings)
    control = api.control_state()
    control.port.capture.state = "start"
    api.set_control_state(control)
    transmit("start", ["f1"])
    until(lambda: rows()[0].transmit == "stopped" and rows()[0].frames_rx == 100)
    first = shown()
    transmit("start", ["f2"])
    until(lambda: rows()[1].transmit == "stopped" and rows()[1].frames_rx == 70)
    request = api.metrics_request()
    request.port.port_names = []
    ports = [[port.name, port.frames_tx, port.frames_rx] for port in api.get_metrics(request).port_metrics]
    capture = api.capture_request()
    capture.port_name = "p2"
    return {"warnings": warnings, "first": first, "all": shown(), "ports": ports, "capture": api.get_capture(capture).read().hex()}


def losses():
    config = configured([("f1", "p1", "p2", 1000)], captures=False)
    config.options.flow_options.packet_loss_duration = True
    api.set_config(config)
    transmit("start")
    until(lambda: rows()[0].transmit == "stopped" and rows()[0].loss > 0)
    until(lambda: rows()[0].frames_tx == 1000)
    return {"all": shown(), "lost_ms": rows()[0].packet_loss_duration.value}


def refused():
    config = configured([("f1", "p1", "p2", 1)])
    config.lags.add(name="lag")
    try:
        api.set_config(config)
    except Exception as error:  # noqa: BLE001
        known = api.from_exception(error)
        return {"code": known.code, "kind": known.kind, "errors": list(known.errors)}
    return {}


print(json.dumps({"counts": counts, "losses": losses, "refused": refused}[what]()))
