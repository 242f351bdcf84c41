"""What a user of snappi does with ports of agents: prints one JSON document a line. Arguments: location, what to do."""
import json
import sys
import time

import snappi

location = sys.argv[1]
api = snappi.api(location=location, transport="http", version_check=True)


def configured(flows):
    config = api.config()
    for name in ("tx", "rx"):
        config.ports.add(name=name, location=name)
    for name, tx, rx, packets in flows:
        flow = config.flows.add(name=name)
        flow.tx_rx.port.tx_name, flow.tx_rx.port.rx_names = tx, [rx]
        flow.size.fixed, flow.rate.pps = 128, 2000
        if packets is not None:
            flow.duration.fixed_packets.packets = packets
        flow.metrics.enable = flow.metrics.loss = True
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


def ports():
    request = api.metrics_request()
    request.port.port_names = []
    return [[port.name, port.link, port.frames_tx, port.frames_rx] for port in api.get_metrics(request).port_metrics]


def shown(row):
    return [row.name, row.transmit, row.frames_tx, row.frames_rx, row.loss]


def until(is_it):
    while True:
        all_rows = rows()
        for row in all_rows:
            assert row.frames_rx <= row.frames_tx, shown(row)
        if is_it(all_rows):
            return [shown(row) for row in all_rows]
        time.sleep(0.05)


def refusal(act):
    try:
        act()
    except Exception as error:  # noqa: BLE001
        return list(api.from_exception(error).errors)
    return None


def say(value):
    print(json.dumps(value), flush=True)


def is_over(row, sent):
    return row.transmit == "stopped" and row.frames_tx == sent and row.frames_rx + round(sent * row.loss / 100) == sent


def both_ways():
    say(list(api.set_config(configured([("there", "tx", "rx", 1000), ("back", "rx", "tx", 500)])).warnings))
    transmit("start")
    say(until(lambda all_rows: is_over(all_rows[0], 1000) and is_over(all_rows[1], 500)))
    say(ports())


def losing():
    api.set_config(configured([("there", "tx", "rx", 1000)]))
    transmit("start")
    say(until(lambda all_rows: is_over(all_rows[0], 1000) and all_rows[0].frames_rx < 1000))


def changing():
    api.set_config(configured([("there", "tx", "rx", None)]))
    transmit("start")
    until(lambda all_rows: all_rows[0].frames_rx > 100)
    update = api.config_update()
    update.flows.property_names = ["rate"]
    flow = configured([("there", "tx", "rx", None)]).flows[0]
    flow.rate.pps = 500
    update.flows.flows.append(flow)
    api.update_config(update)
    transmit("pause")
    until(lambda all_rows: all_rows[0].transmit == "paused")
    transmit("resume")
    link = api.control_state()
    link.port.link.port_names, link.port.link.state = ["rx"], "down"
    api.set_control_state(link)
    until(lambda _: [port[1] for port in ports()][1] == "down")
    link.port.link.state = "up"
    api.set_control_state(link)
    until(lambda _: [port[1] for port in ports()] == ["up", "up"])
    before = rows()[0].frames_rx
    until(lambda all_rows: all_rows[0].frames_rx > before + 20)
    transmit("stop")
    time.sleep(2.5)
    [row] = rows()
    say([row.transmit, row.frames_tx == row.frames_rx + round(row.frames_tx * row.loss / 100), row.frames_rx > 120])
    config = configured([("there", "tx", "rx", 1)])
    config.captures.add(name="c", port_names=["rx"])
    say(refusal(lambda: api.set_config(config)))


def agent_gone():
    api.set_config(configured([("there", "tx", "rx", None)]))
    transmit("start")
    until(lambda all_rows: all_rows[0].frames_rx > 100)
    say("running")
    sys.stdin.readline()
    request = api.metrics_request()
    request.port.port_names = ["rx"]
    while api.get_metrics(request).port_metrics[0].link == "up":
        time.sleep(0.2)
    [row] = rows()
    say([row.transmit, row.frames_rx > 100, row.loss])
    say(refusal(lambda: transmit("start")))
    transmit("stop")
    [row] = rows()
    say(row.transmit)
    say(refusal(lambda: api.set_config(configured([("there", "tx", "rx", 10)]))))


{"both_ways": both_ways, "losing": losing, "changing": changing, "agent_gone": agent_gone}[sys.argv[2]]()
