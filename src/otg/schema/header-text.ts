/** The headers of a packet, and the patterns of their fields. The notation is in notation.ts. */
export const headerText = `
FlowCustom
  1 bytes string required
  2 metric_tags FlowCustomMetricTag[]

FlowCustomMetricTag
  1 name string required
  2 offset uint32 = 0
  3 length uint32 = 1 1..

FlowEthernet
  1 dst pattern mac auto@4
  2 src pattern mac
  3 ether_type pattern 16 auto@4 = 65535
  4 pfc_queue pattern 3 unused: it is no part of the frame

FlowVlan
  1 priority pattern 3
  2 cfi pattern 1
  3 id pattern 12
  4 tpid pattern 16 = 65535

FlowVxlan
  1 flags pattern 8 = 8
  2 reserved0 pattern 24
  3 vni pattern 24 auto@4
  4 reserved1 pattern 8

FlowIpv4
  1 version pattern 4 = 4
  2 header_length pattern 4 auto@4 = 5
  3 priority FlowIpv4Priority
  4 total_length pattern 16 auto@4 = 46
  5 identification pattern 16
  6 reserved pattern 1
  7 dont_fragment pattern 1
  8 more_fragments pattern 1
  9 fragment_offset pattern 5
  10 time_to_live pattern 8 = 64
  11 protocol pattern 8 auto@4 = 61
  12 header_checksum checksum 16
  13 src pattern ipv4 dhcp random
  14 dst pattern ipv4 dhcp random
  15 options FlowIpv4Options[]

FlowIpv4Priority
  1 choice enum raw|tos|dscp = dscp
  2 raw pattern 8
  3 tos FlowIpv4Tos
  4 dscp FlowIpv4Dscp

FlowIpv4Tos
  1 precedence pattern 3
  2 delay pattern 1
  3 throughput pattern 1
  4 reliability pattern 1
  5 monetary pattern 1
  6 unused pattern 1

FlowIpv4Dscp
  1 phb pattern 6
  2 ecn pattern 2

FlowIpv4Options
  1 choice enum router_alert|custom|timestamp|end_of_options = router_alert
  2 custom FlowIpv4OptionsCustom
  3 timestamp FlowIpv4OptionsTimestamp

FlowIpv4OptionsTimestamp
  1 pointer FlowIpv4OptionsTimestampPointer
  2 overflow pattern 4 untagged
  3 format FlowIpv4OptionsTimestampFormat

FlowIpv4OptionsTimestampPointer
  1 choice enum auto|value = auto
  2 value uint32 = 5 0..255

FlowIpv4OptionsTimestampFormat
  1 choice enum timestamps|address_and_timestamps|prespecified_address_and_timestamps = timestamps
  2 timestamps FlowIpv4OptionsTimestampFormatTimestamps[]
  3 address_and_timestamps FlowIpv4OptionsTimestampFormatAddressAndTimestamps[]
  4 prespecified_address_and_timestamps FlowIpv4OptionsTimestampFormatAddressAndTimestamps[]

FlowIpv4OptionsTimestampFormatTimestamps
  1 timestamp pattern 32 untagged

FlowIpv4OptionsTimestampFormatAddressAndTimestamps
  1 address pattern ipv4 untagged
  2 timestamp pattern 32 untagged

FlowIpv4OptionsCustom
  1 type FlowIpv4OptionsCustomType
  2 length FlowIpv4OptionsCustomLength
  3 value hex = 0000

FlowIpv4OptionsCustomType
  1 copied_flag pattern 1 untagged
  2 option_class pattern 2 untagged
  3 option_number pattern 5 untagged

FlowIpv4OptionsCustomLength
  1 choice enum auto|value = auto
  2 auto uint32 = 0
  3 value uint32 = 0

FlowIpv6
  1 version pattern 4 = 6
  2 traffic_class pattern 8
  3 flow_label pattern 20 random
  4 payload_length pattern 16 auto@4
  5 next_header pattern 8 auto@4 = 59
  6 hop_limit pattern 8 = 64
  7 src pattern ipv6 dhcp
  8 dst pattern ipv6 dhcp
  9 dst_usids refused: no such header is built

FlowPfcPause
  1 dst pattern mac = 01:80:c2:00:00:01
  2 src pattern mac
  3 ether_type pattern 16 = 34824
  4 control_op_code pattern 16 = 257
  5 class_enable_vector pattern 16
  6 pause_class_0 pattern 16
  7 pause_class_1 pattern 16
  8 pause_class_2 pattern 16
  9 pause_class_3 pattern 16
  10 pause_class_4 pattern 16
  11 pause_class_5 pattern 16
  12 pause_class_6 pattern 16
  13 pause_class_7 pattern 16

FlowEthernetPause
  1 dst pattern mac = 01:80:c2:00:00:01
  2 src pattern mac
  3 ether_type pattern 16 = 34824
  4 control_op_code pattern 16 = 1
  5 time pattern 16

FlowLacp
  1 choice enum lacpdu = lacpdu
  2 version pattern 8 untagged = 1
  3 lacpdu FlowLacpLacpdu

FlowLacpLacpdu
  1 actor FlowLacpduActor
  2 partner FlowLacpduPartner
  3 collector FlowLacpduCollector
  4 terminator FlowLacpduTerminator

FlowLacpduActor
  1 type pattern 8 untagged = 1
  2 length pattern 8 untagged = 20
  3 system_priority pattern 16 untagged
  4 system_id pattern mac untagged
  5 key pattern 16 untagged
  6 port_priority pattern 16 untagged
  7 port_number pattern 16 untagged
  8 actor_state FlowLacpduActorState
  9 reserved pattern 24 untagged

FlowLacpduActorState
  1 activity pattern 1 untagged
  2 timeout pattern 1 untagged
  3 aggregation pattern 1 untagged
  4 synchronization pattern 1 untagged
  5 collecting pattern 1 untagged
  6 distributing pattern 1 untagged
  7 defaulted pattern 1 untagged
  8 expired pattern 1 untagged

FlowLacpduPartner
  1 type pattern 8 untagged = 2
  2 length pattern 8 untagged = 20
  3 system_priority pattern 16 untagged
  4 system_id pattern mac untagged
  5 key pattern 16 untagged
  6 port_priority pattern 16 untagged
  7 port_number pattern 16 untagged
  8 partner_state FlowLacpduPartnerState
  9 reserved pattern 24 untagged

FlowLacpduPartnerState
  1 activity pattern 1 untagged
  2 timeout pattern 1 untagged
  3 aggregation pattern 1 untagged
  4 synchronization pattern 1 untagged
  5 collecting pattern 1 untagged
  6 distributing pattern 1 untagged
  7 defaulted pattern 1 untagged
  8 expired pattern 1 untagged

FlowLacpduCollector
  1 type pattern 8 untagged = 3
  2 length pattern 8 untagged = 16
  3 max_delay pattern 16 untagged
  4 reserved string = 000000000000000000000000 unused: it is sent as zeros

FlowLacpduTerminator
  1 type pattern 8 untagged
  2 length pattern 8 untagged
  3 reserved string = 0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000 unused: it is sent as zeros

FlowTcp
  1 src_port pattern 16 random
  2 dst_port pattern 16 random
  3 seq_num pattern 32
  4 ack_num pattern 32
  5 data_offset pattern 4
  6 ecn_ns pattern 1
  7 ecn_cwr pattern 1
  8 ecn_echo pattern 1
  9 ctl_urg pattern 1
  10 ctl_ack pattern 1
  11 ctl_psh pattern 1
  12 ctl_rst pattern 1
  13 ctl_syn pattern 1
  14 ctl_fin pattern 1
  15 window pattern 16
  16 checksum checksum 16

FlowUdp
  1 src_port pattern 16 random
  2 dst_port pattern 16 random
  3 length pattern 16
  4 checksum checksum 16

FlowGre
  1 checksum_present pattern 1
  2 reserved0 pattern 12
  3 version pattern 3
  4 protocol pattern 16 auto@8 = 2048
  5 checksum checksum 16
  6 reserved1 pattern 16

FlowGtpv1
  1 version pattern 3 = 1
  2 protocol_type pattern 1 = 1
  3 reserved pattern 1
  4 e_flag pattern 1
  5 s_flag pattern 1
  6 pn_flag pattern 1
  7 message_type pattern 8
  8 message_length pattern 16
  9 teid pattern 32
  10 squence_number pattern 16
  11 n_pdu_number pattern 8
  12 next_extension_header_type pattern 8
  13 extension_headers FlowGtpExtension[]

FlowGtpExtension
  1 extension_length pattern 8
  2 contents pattern 48
  3 next_extension_header pattern 8

FlowGtpv2
  1 version pattern 3 = 2
  2 piggybacking_flag pattern 1
  3 teid_flag pattern 1
  4 spare1 pattern 3
  5 message_type pattern 8
  6 message_length pattern 16
  7 teid pattern 32
  8 sequence_number pattern 24
  9 spare2 pattern 8

FlowArp
  1 hardware_type pattern 16 = 1
  2 protocol_type pattern 16 = 2048
  3 hardware_length pattern 8 = 6
  4 protocol_length pattern 8 = 4
  5 operation pattern 16 = 1
  6 sender_hardware_addr pattern mac
  7 sender_protocol_addr pattern ipv4
  8 target_hardware_addr pattern mac
  9 target_protocol_addr pattern ipv4

FlowIcmp
  1 choice enum echo = echo
  2 echo FlowIcmpEcho

FlowIcmpEcho
  1 type pattern 8 = 8
  2 code pattern 8
  3 checksum checksum 16
  4 identifier pattern 16
  5 sequence_number pattern 16

FlowIcmpv6
  1 choice enum echo = echo
  2 echo FlowIcmpv6Echo

FlowIcmpv6Echo
  1 type pattern 8 = 128
  2 code pattern 8
  3 identifier pattern 16
  4 sequence_number pattern 16
  5 checksum checksum 16

FlowPpp
  1 address pattern 8 = 255
  2 control pattern 8 = 3
  3 protocol_type pattern 16 auto@4 = 33

FlowIgmpv1
  1 version pattern 4 = 1
  2 type pattern 4 = 1
  3 unused pattern 8
  4 checksum checksum 16
  5 group_address pattern ipv4

FlowMpls
  1 label pattern 20 auto@4 = 16
  2 traffic_class pattern 3
  3 bottom_of_stack pattern 1 auto@4 = 1
  4 time_to_live pattern 8 = 64

FlowIpv6ExtHeader
  1 choice enum routing = routing
  2 next_header pattern 8 auto@4 untagged = 59
  3 hdr_ext_len pattern 8 auto@4 untagged
  4 routing FlowIpv6Routing

FlowIpv6Routing
  1 choice enum segment_routing|segment_routing_usid = segment_routing
  2 segment_routing FlowIpv6SegmentRouting
  3 segment_routing_usid refused: no such header is built

FlowIpv6SegmentRouting
  1 segments_left pattern 8 auto@4 untagged
  2 last_entry pattern 8 auto@4 untagged
  3 flags FlowIpv6SegmentRoutingFlags
  4 tag pattern 16 untagged
  5 segment_list FlowIpv6SegmentRoutingSegment[]
  6 pad_tlv refused: no such header is built

FlowIpv6SegmentRoutingFlags
  1 protected pattern 1 untagged
  2 oam pattern 1 untagged
  3 alert pattern 1 untagged

FlowIpv6SegmentRoutingSegment
  1 segment pattern ipv6 untagged
`;
