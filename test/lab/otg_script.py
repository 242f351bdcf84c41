"""What scripts of a user share: a server of test configurations, its flows, and what is asked of it."""
import snappi


def api_of(location, transport="http"):
    return snappi.api(location=location, transport=transport, version_check=True)


def config_of(api, ports):
    config = api.config()
    for name in ports:
        config.ports.add(name=name, location=name)
    return config


def add_flow(config, name, tx, rx, pps, packets=None):
    """`packets`: None sends until it is stopped."""
    flow = config.flows.add(name=name)
    flow.tx_rx.port.tx_name, flow.tx_rx.port.rx_names = tx, [rx]
    flow.size.fixed, flow.rate.pps = 128, pps
    if packets is not None:
        flow.duration.fixed_packets.packets = packets
    flow.metrics.enable = flow.metrics.loss = True
    eth, ip, udp = flow.packet.ethernet().ipv4().udp()
    eth.src.value, eth.dst.increment.start, eth.dst.increment.count = "02:00:00:00:ff:01", "02:00:00:00:00:00", 1000
    ip.src.value, ip.dst.value = "198.18.0.1", "198.18.1.1"
    udp.src_port.increment.start, udp.src_port.increment.count = 5000, 1000
    udp.dst_port.value = 9
    return flow


def transmit(api, state, names=()):
    control = api.control_state()
    control.traffic.flow_transmit.flow_names, control.traffic.flow_transmit.state = list(names), state
    api.set_control_state(control)


def flow_rows(api):
    request = api.metrics_request()
    request.flow.flow_names = []
    return list(api.get_metrics(request).flow_metrics)


def port_rows(api, names=()):
    request = api.metrics_request()
    request.port.port_names = list(names)
    return list(api.get_metrics(request).port_metrics)


def shown(row):
    return [row.name, row.transmit, row.frames_tx, row.frames_rx, row.loss]
