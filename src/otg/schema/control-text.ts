/** What clients ask for: states, actions, metrics, captures. The notation is in notation.ts. */
export const controlText = `
StatePort
  1 choice enum link|capture required
  2 link StatePortLink
  3 capture StatePortCapture

StatePortLink
  1 port_names string[]
  2 state enum up|down required

StatePortCapture
  1 port_names string[]
  2 state enum start|stop required

StateProtocol
  1 choice enum all|route|lacp|bgp|isis|ospfv2|ospfv3 required
  2 all StateProtocolAll
  3 route refused: no protocol is emulated
  4 lacp refused: no protocol is emulated
  5 bgp refused: no protocol is emulated
  6 isis refused: no protocol is emulated
  7 ospfv2 refused: no protocol is emulated
  8 ospfv3 refused: no protocol is emulated
  9 rocev2 refused: no protocol is emulated

StateProtocolAll
  1 state enum start|stop required

StateTraffic
  1 choice enum flow_transmit required
  2 flow_transmit StateTrafficFlowTransmit

StateTrafficFlowTransmit
  1 flow_names string[]
  2 state enum start|stop|pause|resume required

StatesRequest
  1 choice enum ipv4_neighbors|ipv6_neighbors|bgp_prefixes|isis_lsps|lldp_neighbors|rsvp_lsps|dhcpv4_interfaces|dhcpv4_leases|dhcpv6_interfaces|dhcpv6_leases|ospfv2_lsas|ospfv3_lsas|isis_adjacencies|bmp_servers = ipv4_neighbors
  2 ipv4_neighbors Neighborsv4StatesRequest
  3 ipv6_neighbors Neighborsv6StatesRequest
  4 bgp_prefixes refused: no protocol is emulated
  5 isis_lsps refused: no protocol is emulated
  6 lldp_neighbors refused: no protocol is emulated
  7 rsvp_lsps refused: no protocol is emulated
  8 dhcpv4_interfaces refused: no protocol is emulated
  9 dhcpv4_leases refused: no protocol is emulated
  10 dhcpv6_interfaces refused: no protocol is emulated
  11 dhcpv6_leases refused: no protocol is emulated
  12 ospfv2_lsas refused: no protocol is emulated
  13 ospfv3_lsas refused: no protocol is emulated
  14 isis_adjacencies refused: no protocol is emulated
  15 bmp_servers refused: no protocol is emulated

ControlState
  1 choice enum port|protocol|traffic required
  2 port StatePort
  3 protocol StateProtocol
  4 traffic StateTraffic

ControlAction
  1 choice enum protocol|port required
  2 protocol ActionProtocol
  3 port refused: a port is opened anew with each new list of ports

ActionProtocol
  1 choice enum ipv4|ipv6|bgp|isis required
  2 ipv4 ActionProtocolIpv4
  3 ipv6 ActionProtocolIpv6
  4 bgp refused: no protocol is emulated
  5 isis refused: no protocol is emulated

ActionProtocolIpv4
  1 choice enum ping required
  2 ping ActionProtocolIpv4Ping

ActionProtocolIpv4Ping
  1 requests ActionProtocolIpv4PingRequest[]

ActionProtocolIpv4PingRequest
  1 src_name string
  2 dst_ip ipv4

ActionProtocolIpv6
  1 choice enum ping required
  2 ping ActionProtocolIpv6Ping

ActionProtocolIpv6Ping
  1 requests ActionProtocolIpv6PingRequest[]

ActionProtocolIpv6PingRequest
  1 src_name string
  2 dst_ip ipv6

MetricsRequest
  1 choice enum port|flow|bgpv4|bgpv6|isis|lag|lacp|lldp|rsvp|dhcpv4_client|dhcpv4_server|dhcpv6_client|dhcpv6_server|ospfv2|convergence|macsec|mka|ospfv3|rocev2_ipv4|rocev2_ipv6|rocev2_flow|egress_only_tracking|bmp_server = port
  2 port PortMetricsRequest
  3 flow FlowMetricsRequest
  4 bgpv4 refused: no protocol is emulated
  5 bgpv6 refused: no protocol is emulated
  6 isis refused: no protocol is emulated
  7 lag refused: no protocol is emulated
  8 lacp refused: no protocol is emulated
  9 lldp refused: no protocol is emulated
  10 rsvp refused: no protocol is emulated
  11 dhcpv4_client refused: no protocol is emulated
  12 dhcpv4_server refused: no protocol is emulated
  13 dhcpv6_client refused: no protocol is emulated
  14 dhcpv6_server refused: no protocol is emulated
  15 ospfv2 refused: no protocol is emulated
  16 convergence refused: no protocol is emulated
  17 macsec refused: no protocol is emulated
  18 mka refused: no protocol is emulated
  19 ospfv3 refused: no protocol is emulated
  20 rocev2_ipv4 refused: no protocol is emulated
  21 rocev2_ipv6 refused: no protocol is emulated
  22 rocev2_flow refused: no protocol is emulated
  23 egress_only_tracking refused: no protocol is emulated
  24 bmp_server refused: no protocol is emulated

PortMetricsRequest
  1 port_names string[]
  2 column_names enum transmit|location|link|capture|frames_tx|frames_rx|bytes_tx|bytes_rx|frames_tx_rate|frames_rx_rate|bytes_tx_rate|bytes_rx_rate|last_change|speed[]

FlowMetricsRequest
  1 flow_names string[]
  3 metric_names enum transmit|frames_tx|frames_rx|bytes_tx|bytes_rx|frames_tx_rate|frames_rx_rate|tx_l1_rate_bps|rx_l1_rate_bps|tx_rate_bytes|rx_rate_bytes|tx_rate_bps|rx_rate_bps|tx_rate_kbps|rx_rate_kbps|tx_rate_mbps|rx_rate_mbps[]
  4 tagged_metrics FlowTaggedMetricsFilter

FlowTaggedMetricsFilter
  1 include bool = true
  2 include_empty_metrics bool = false
  3 metric_names enum frames_tx|frames_rx|bytes_tx|bytes_rx|frames_tx_rate|frames_rx_rate|tx_l1_rate_bps|rx_l1_rate_bps|tx_rate_bytes|rx_rate_bytes|tx_rate_bps|rx_rate_bps|tx_rate_kbps|rx_rate_kbps|tx_rate_mbps|rx_rate_mbps[]
  4 filters FlowMetricTagFilter[]

FlowMetricTagFilter
  1 name string
  2 values string[]

Neighborsv4StatesRequest
  1 ethernet_names string[]

Neighborsv6StatesRequest
  1 ethernet_names string[]

CaptureRequest
  1 port_name string required
  2 packets CaptureRequestPackets

CaptureRequestPackets
  1 choice enum all|slice = all
  2 slice CaptureRequestCaptureSlice

CaptureRequestCaptureSlice
  1 choice enum initial = initial
  2 initial CaptureRequestCaptureSliceInitial

CaptureRequestCaptureSliceInitial
  1 start uint64 = 1 1..
  2 count uint64 = 100 1..
`;
