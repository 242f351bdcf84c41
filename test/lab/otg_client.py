"""What a script of a user does with the server: prints one JSON document. Arguments: location, transport, what to do."""
import json
import sys
import time

from otg_script import add_flow, api_of, config_of, flow_rows, port_rows, shown, transmit

location, transport, what = sys.argv[1:4]
api = api_of(location, transport)


def configured(flows, captures=True):
    config = config_of(api, ["p1", "p2"])
    config.layer1.add(name="l1", port_names=["p1", "p2"], speed="speed_1_gbps")
    if captures:
        config.captures.add(name="c", port_names=["p1", "p2"], format="pcap")
    for name, tx, rx, packets in flows:
        add_flow(config, name, tx, rx, 500, packets).metrics.latency.enable = True
    return config


def rows():
    return flow_rows(api)


def until(is_it):
    while not is_it():
        time.sleep(0.02)


def all_shown():
    return [shown(row) for row in rows()]


def counts():
    warnings = list(api.set_config(configured([("f1", "p1", "p2", 100), ("f2", "p2", "p1", 70)])).warnings)
    control = api.control_state()
    control.port.capture.state = "start"
    api.set_control_state(control)
    transmit(api, "start", ["f1"])
    until(lambda: rows()[0].transmit == "stopped" and rows()[0].frames_rx == 100)
    first = all_shown()
    transmit(api, "start", ["f2"])
    until(lambda: rows()[1].transmit == "stopped" and rows()[1].frames_rx == 70)
    ports = [[port.name, port.frames_tx, port.frames_rx] for port in port_rows(api)]
    capture = api.capture_request()
    capture.port_name = "p2"
    return {"warnings": warnings, "first": first, "all": all_shown(), "ports": ports, "capture": api.get_capture(capture).read().hex()}


def losses():
    config = configured([("f1", "p1", "p2", 1000)], captures=False)
    config.options.flow_options.packet_loss_duration = True
    api.set_config(config)
    transmit(api, "start")
    until(lambda: rows()[0].transmit == "stopped" and rows()[0].loss > 0)
    until(lambda: rows()[0].frames_tx == 1000)
    return {"all": all_shown(), "lost_ms": rows()[0].packet_loss_duration.value}


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
