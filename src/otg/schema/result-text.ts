/** What the server answers with. The notation is in notation.ts. */
export const resultText = `
ControlActionResponse
  1 warnings string[]
  2 response ActionResponse

ActionResponse
  1 choice enum protocol required
  2 protocol ActionResponseProtocol

ActionResponseProtocol
  1 choice enum ipv4|ipv6 required
  2 ipv4 ActionResponseProtocolIpv4
  3 ipv6 ActionResponseProtocolIpv6

ActionResponseProtocolIpv4
  1 choice enum ping required
  2 ping ActionResponseProtocolIpv4Ping

ActionResponseProtocolIpv4Ping
  1 responses ActionResponseProtocolIpv4PingResponse[]

ActionResponseProtocolIpv4PingResponse
  1 src_name string required
  2 dst_ip ipv4 required
  3 result enum succeeded|failed required

ActionResponseProtocolIpv6
  1 choice enum ping required
  2 ping ActionResponseProtocolIpv6Ping

ActionResponseProtocolIpv6Ping
  1 responses ActionResponseProtocolIpv6PingResponse[]

ActionResponseProtocolIpv6PingResponse
  1 src_name string required
  2 dst_ip ipv6 required
  3 result enum succeeded|failed required

MetricsResponse
  1 choice enum flow_metrics|port_metrics|bgpv4_metrics|bgpv6_metrics|isis_metrics|lag_metrics|lacp_metrics|lldp_metrics|rsvp_metrics|dhcpv4_client|dhcpv4_server|dhcpv6_client|dhcpv6_server|ospfv2_metrics|convergence_metrics|macsec_metrics|mka_metrics|ospfv3_metrics|rocev2_ipv4_per_peer_metrics|rocev2_ipv6_per_peer_metrics|rocev2_flow_per_qp_metrics|egress_only_tracking_metrics|bmp_server_metrics = port_metrics
  2 port_metrics PortMetric[]
  3 flow_metrics FlowMetric[]

PortMetric
  1 name string
  2 location string
  3 link enum up|down
  4 capture enum started|stopped
  5 frames_tx uint64
  6 frames_rx uint64
  7 bytes_tx uint64
  8 bytes_rx uint64
  9 frames_tx_rate float
  10 frames_rx_rate float
  11 bytes_tx_rate float
  12 bytes_rx_rate float
  13 transmit enum started|stopped
  14 last_change uint64
  16 speed uint64

FlowMetric
  1 name string
  2 port_tx string
  3 port_rx string
  5 transmit enum started|stopped|paused
  6 frames_tx uint64
  7 frames_rx uint64
  8 bytes_tx uint64
  9 bytes_rx uint64
  10 frames_tx_rate float
  11 frames_rx_rate float
  12 loss float
  13 timestamps MetricTimestamp
  14 latency MetricLatency
  15 tagged_metrics FlowTaggedMetric[]
  16 tx_l1_rate_bps float
  17 rx_l1_rate_bps float
  18 tx_rate_bytes float
  19 rx_rate_bytes float
  20 tx_rate_bps float
  21 rx_rate_bps float
  22 tx_rate_kbps float
  23 rx_rate_kbps float
  24 tx_rate_mbps float
  25 rx_rate_mbps float
  26 packet_loss_duration FlowPacketLossDuration

FlowTaggedMetric
  1 tags FlowMetricTag[]
  2 frames_tx uint64
  3 frames_rx uint64
  4 bytes_tx uint64
  5 bytes_rx uint64
  8 loss float
  9 timestamps MetricTimestamp
  10 latency MetricLatency
  21 packet_loss_duration FlowPacketLossDuration

FlowMetricTag
  1 name string
  2 value FlowMetricTagValue

FlowMetricTagValue
  1 choice enum hex|str = hex
  2 hex string
  3 str string

FlowPacketLossDuration
  1 value float

MetricTimestamp
  1 first_timestamp_ns double
  2 last_timestamp_ns double

MetricLatency
  1 minimum_ns double
  2 maximum_ns double
  3 average_ns double

StatesResponse
  1 choice enum ipv4_neighbors|ipv6_neighbors|bgp_prefixes|isis_lsps|lldp_neighbors|rsvp_lsps|dhcpv4_interfaces|dhcpv4_leases|dhcpv6_interfaces|dhcpv6_leases|ospfv2_lsas|ospfv3_lsas|isis_adjacencies|bmp_servers = ipv4_neighbors
  2 ipv4_neighbors Neighborsv4State[]
  3 ipv6_neighbors Neighborsv6State[]

Neighborsv4State
  1 ethernet_name string required
  2 ipv4_address ipv4 required
  3 link_layer_address mac

Neighborsv6State
  1 ethernet_name string required
  2 ipv6_address ipv6 required
  3 link_layer_address mac

Warning
  1 warnings string[]

Error
  1 code int32 required
  2 kind enum validation|internal
  3 errors string[] required

Version
  1 api_spec_version string
  2 sdk_version string
  3 app_version string
`;
