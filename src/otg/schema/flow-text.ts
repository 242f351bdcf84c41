/** A flow: its ends, size, rate, duration, metrics, payload and updates. The notation is in notation.ts. */
export const flowText = `
Flow
  1 tx_rx FlowTxRx required
  2 packet FlowHeader[]
  3 size FlowSize
  4 rate FlowRate
  5 duration FlowDuration
  6 metrics FlowMetrics
  7 name string required
  8 payload FlowPayload
  9 egress_packet FlowHeader[]

FlowTxRx
  1 choice enum port|device = port
  2 port FlowPort
  3 device FlowRouter

FlowPort
  1 tx_name string required
  2 rx_name string
  3 rx_names string[]

FlowRouter
  1 mode enum mesh|one_to_one = mesh
  2 tx_names string[] required
  3 rx_names string[] required
  4 bidirectional bool = false

FlowHeader
  1 choice enum custom|ethernet|vlan|vxlan|ipv4|ipv6|pfcpause|ethernetpause|tcp|udp|gre|gtpv1|gtpv2|arp|icmp|icmpv6|ppp|igmpv1|mpls|snmpv2c|rsvp|macsec|lacp|ipv6_extension_header|cfm = ethernet
  2 custom FlowCustom
  3 ethernet FlowEthernet
  4 vlan FlowVlan
  5 vxlan FlowVxlan
  6 ipv4 FlowIpv4
  7 ipv6 FlowIpv6
  8 pfcpause FlowPfcPause
  9 ethernetpause FlowEthernetPause
  10 tcp FlowTcp
  11 udp FlowUdp
  12 gre FlowGre
  13 gtpv1 FlowGtpv1
  14 gtpv2 FlowGtpv2
  15 arp FlowArp
  16 icmp FlowIcmp
  17 icmpv6 FlowIcmpv6
  18 ppp FlowPpp
  19 igmpv1 FlowIgmpv1
  20 mpls FlowMpls
  21 snmpv2c refused: no such header is built
  22 rsvp refused: no such header is built
  23 macsec refused: no such header is built
  24 lacp FlowLacp
  25 ipv6_extension_header FlowIpv6ExtHeader
  26 cfm refused: no such header is built

FlowSize
  1 choice enum fixed|increment|random|weight_pairs = fixed
  2 fixed uint32 = 64
  3 increment FlowSizeIncrement
  4 random FlowSizeRandom
  5 weight_pairs FlowSizeWeightPairs

FlowSizeIncrement
  1 start uint32 = 64 1..
  2 end uint32 = 1518 64..
  3 step uint32 = 1

FlowSizeRandom
  1 min uint32 = 64
  2 max uint32 = 1518

FlowSizeWeightPairs
  1 choice enum predefined|custom = predefined
  2 predefined enum imix|ipsec_imix|ipv6_imix|standard_imix|tcp_imix = imix
  3 custom FlowSizeWeightPairsCustom[]

FlowSizeWeightPairsCustom
  1 size uint32 = 64 12..65535
  2 weight float = 1

FlowRate
  1 choice enum pps|bps|kbps|mbps|gbps|percentage = pps
  2 pps uint64 = 1000 1..
  3 bps uint64 = 1000000000 672..
  4 kbps uint64 = 1000000 1..
  5 mbps uint64 = 1000 1..
  6 gbps uint32 = 1 1..
  7 percentage float = 100 0..100

FlowDuration
  1 choice enum fixed_packets|fixed_seconds|burst|continuous = continuous
  2 fixed_packets FlowFixedPackets
  3 fixed_seconds FlowFixedSeconds
  4 burst FlowBurst
  5 continuous FlowContinuous

FlowFixedPackets
  1 packets uint32 = 1 1..
  2 gap uint32 = 12
  3 delay FlowDelay

FlowDelay
  1 choice enum bytes|nanoseconds|microseconds = bytes
  2 bytes float = 0 0..
  3 nanoseconds float = 0 0..
  4 microseconds float = 0 0..

FlowFixedSeconds
  1 seconds float = 1 0..
  2 gap uint32 = 12
  3 delay FlowDelay

FlowBurst
  1 bursts uint32 = 0
  2 packets uint32 = 1 1..
  3 gap uint32 = 12
  4 inter_burst_gap FlowDurationInterBurstGap

FlowDurationInterBurstGap
  1 choice enum bytes|nanoseconds|microseconds = bytes
  2 bytes double = 12 0..
  3 nanoseconds double = 96 0..
  4 microseconds double = 0.096 0..

FlowContinuous
  1 gap uint32 = 12
  2 delay FlowDelay

FlowMetrics
  1 enable bool = false
  2 loss bool = false
  3 timestamps bool = false
  4 latency FlowLatencyMetrics
  5 predefined_metric_tags FlowPredefinedTags
  6 rx_tx_ratio FlowRxTxRatio

FlowRxTxRatio
  1 choice enum rx_count|value = value
  2 rx_count FlowRxTxRatioRxCount
  3 value float = 1

FlowRxTxRatioRxCount

FlowLatencyMetrics
  1 enable bool = false
  2 mode enum store_forward|cut_through = store_forward

FlowPredefinedTags
  1 rx_name bool = false

FlowPayload
  1 choice enum fixed|increment_byte|decrement_byte|increment_word|decrement_word = fixed
  2 fixed FlowPayloadFixed

FlowPayloadFixed
  1 pattern hex = 00
  2 repeat bool = true

ConfigUpdate
  1 choice enum flows|protocols
  2 flows FlowsUpdate
  3 protocols refused: no protocol is emulated

FlowsUpdate
  1 property_names enum rate|size[] required
  2 flows Flow[] required

ConfigAppend
  1 config_append_list ConfigAppendResources[]

ConfigAppendResources
  1 choice enum flows required
  2 flows Flow[]

ConfigDelete
  1 config_delete_list ConfigDeleteResources[]

ConfigDeleteResources
  1 choice enum flows required
  2 flows string[]
`;
