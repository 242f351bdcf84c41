"""What a user of snappi does with ports of agents: prints one JSON document a line. Arguments: location, what to do."""
import json
import sys
import time

from otg_script import add_flow, api_of, config_of, flow_rows, port_rows, shown, transmit

api = api_of(sys.argv[1])


def configured(flows):
    config = config_of(api, ["tx", "rx"])
    for name, tx, rx, packets in flows:
        add_flow(config, name, tx, rx, 2000, packets)
    return config


def rows():
    return flow_rows(api)


def ports():
    return [[port.name, port.link, port.frames_tx, port.frames_rx] for port in port_rows(api)]


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
    transmit(api, "start")
    say(until(lambda all_rows: is_over(all_rows[0], 1000) and is_over(all_rows[1], 500)))
    say(ports())


def losing():
    api.set_config(configured([("there", "tx", "rx", 1000)]))
    transmit(api, "start")
    say(until(lambda all_rows: is_over(all_rows[0], 1000) and all_rows[0].frames_rx < 1000))


def changing():
    api.set_config(configured([("there", "tx", "rx", None)]))
    transmit(api, "start")
    until(lambda all_rows: all_rows[0].frames_rx > 100)
    update = api.config_update()
    update.flows.property_names = ["rate"]
    flow = configured([("there", "tx", "rx", None)]).flows[0]
    flow.rate.pps = 500
    update.flows.flows.append(flow)
    api.update_config(update)
    transmit(api, "pause")
    until(lambda all_rows: all_rows[0].transmit == "paused")
    transmit(api, "resume")
    link = api.control_state()
    link.port.link.port_names, link.port.link.state = ["rx"], "down"
    api.set_control_state(link)
    until(lambda _: [port[1] for port in ports()][1] == "down")
    link.port.link.state = "up"
    api.set_control_state(link)
    until(lambda _: [port[1] for port in ports()] == ["up", "up"])
    before = rows()[0].frames_rx
    until(lambda all_rows: all_rows[0].frames_rx > before + 20)
    transmit(api, "stop")
    time.sleep(2.5)
    [row] = rows()
    say([row.transmit, row.frames_tx == row.frames_rx + round(row.frames_tx * row.loss / 100), row.frames_rx > 120])
    config = configured([("there", "tx", "rx", 1)])
    config.captures.add(name="c", port_names=["rx"])
    say(refusal(lambda: api.set_config(config)))


def agent_gone():
    api.set_config(configured([("there", "tx", "rx", None)]))
    transmit(api, "start")
    until(lambda all_rows: all_rows[0].frames_rx > 100)
    say("running")
    sys.stdin.readline()
    while port_rows(api, ["rx"])[0].link == "up":
        time.sleep(0.2)
    [row] = rows()
    say([row.transmit, row.frames_rx > 100, row.loss])
    say(refusal(lambda: transmit(api, "start")))
    transmit(api, "stop")
    [row] = rows()
    say(row.transmit)
    say(refusal(lambda: api.set_config(configured([("there", "tx", "rx", 10)]))))


{"both_ways": both_ways, "losing": losing, "changing": changing, "agent_gone": agent_gone}[sys.argv[2]]()
