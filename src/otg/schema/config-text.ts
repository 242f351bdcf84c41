/** The configuration: ports, their settings, captures, devices and options. The notation is in notation.ts. */
export const configText = `
Config
  1 ports Port[]
  2 lags refused[]: there are no LAGs; make a port of each link
  3 layer1 Layer1[]
  4 captures Capture[]
  5 devices Device[]
  6 flows Flow[]
  7 events refused: convergence is not measured
  8 options ConfigOptions
  9 lldp refused[]: no protocol is emulated
  10 stateful_flows refused: flows have no state
  11 egress_only_tracking refused[]: there are no tagged metrics

Port
  1 location string
  2 name string required

Layer1
  1 port_names string[] required
  2 speed enum speed_10_fd_mbps|speed_10_hd_mbps|speed_100_fd_mbps|speed_100_hd_mbps|speed_1_gbps|speed_10_gbps|speed_25_gbps|speed_40_gbps|speed_50_gbps|speed_100_gbps|speed_200_gbps|speed_400_gbps|speed_800_gbps
  3 media enum copper|fiber|sgmii unused: the interface has its own
  4 promiscuous bool = true
  5 mtu uint32 = 1500 64..14000
  6 ieee_media_defaults bool unused: the interface has its own
  7 auto_negotiate bool unused: the interface has its own
  8 auto_negotiation Layer1AutoNegotiation unused: the interface has its own
  9 flow_control refused: pause frames are not obeyed
  10 name string required

Layer1AutoNegotiation
  1 advertise_1000_mbps bool = true
  2 advertise_100_fd_mbps bool = true
  3 advertise_100_hd_mbps bool = true
  4 advertise_10_fd_mbps bool = true
  5 advertise_10_hd_mbps bool = true
  6 link_training bool = false
  7 rs_fec bool = false

Capture
  1 port_names string[] required
  2 filters CaptureFilter[]
  3 overwrite bool = true
  4 packet_size uint32 0..65535
  5 format enum pcap|pcapng = pcap
  6 name string required

CaptureFilter
  1 choice enum custom|ethernet|vlan|ipv4|ipv6 = custom
  2 custom CaptureCustom
  3 ethernet CaptureEthernet
  4 vlan CaptureVlan
  5 ipv4 CaptureIpv4
  6 ipv6 CaptureIpv6

CaptureCustom
  1 offset uint32
  2 bit_length uint32 = 8
  3 value hex = 00
  4 mask hex = 00
  5 negate bool = false

CaptureEthernet
  1 src CaptureField
  2 dst CaptureField
  3 ether_type CaptureField
  4 pfc_queue CaptureField

CaptureField
  1 value hex = 00
  2 mask hex = 00
  3 negate bool = false

CaptureVlan
  1 priority CaptureField
  2 cfi CaptureField
  3 id CaptureField
  4 protocol CaptureField

CaptureIpv4
  1 version CaptureField
  2 header_length CaptureField
  3 priority CaptureField
  4 total_length CaptureField
  5 identification CaptureField
  6 reserved CaptureField
  7 dont_fragment CaptureField
  8 more_fragments CaptureField
  9 fragment_offset CaptureField
  10 time_to_live CaptureField
  11 protocol CaptureField
  12 header_checksum CaptureField
  13 src CaptureField
  14 dst CaptureField

CaptureIpv6
  1 version CaptureField
  2 traffic_class CaptureField
  3 flow_label CaptureField
  4 payload_length CaptureField
  5 next_header CaptureField
  6 hop_limit CaptureField
  7 src CaptureField
  8 dst CaptureField

Device
  1 ethernets DeviceEthernet[]
  2 ipv4_loopbacks refused[]: an interface answers for its own address only
  3 ipv6_loopbacks refused[]: an interface answers for its own address only
  4 isis refused: no protocol is emulated
  5 bgp refused: no protocol is emulated
  6 vxlan refused: no protocol is emulated
  7 name string required
  8 rsvp refused: no protocol is emulated
  9 dhcp_server refused: no protocol is emulated
  10 ospfv2 refused: no protocol is emulated
  11 macsec refused: no protocol is emulated
  12 ospfv3 refused: no protocol is emulated
  13 rocev2 refused: no protocol is emulated
  14 bmp refused: no protocol is emulated

DeviceEthernet
  2 connection EthernetConnection
  3 ipv4_addresses DeviceIpv4[]
  4 ipv6_addresses DeviceIpv6[]
  5 mac mac
  6 mtu uint32 = 1500 0..65535 unused: a device sends no long packets
  7 vlans DeviceVlan[]
  8 name string required
  9 dhcpv4_interfaces refused[]: addresses are given, not asked for
  10 dhcpv6_interfaces refused[]: addresses are given, not asked for

EthernetConnection
  1 choice enum port_name|lag_name|vxlan_name|simulated_link
  2 port_name string
  3 lag_name refused: there are no LAGs
  4 vxlan_name refused: no protocol is emulated
  5 simulated_link refused: no protocol is emulated

DeviceIpv4
  1 gateway ipv4 required
  2 gateway_mac DeviceIpv4GatewayMAC
  3 address ipv4 required
  4 prefix uint32 = 24 1..32
  5 name string required

DeviceIpv4GatewayMAC
  1 choice enum auto|value = auto
  2 auto mac = 00:00:00:00:00:00
  3 value mac = 00:00:00:00:00:00

DeviceIpv6
  1 gateway ipv6 required
  2 gateway_mac DeviceIpv6GatewayMAC
  3 address ipv6 required
  4 prefix uint32 = 64 1..128
  5 name string required

DeviceIpv6GatewayMAC
  1 choice enum auto|value = auto
  2 auto mac = 00:00:00:00:00:00
  3 value mac = 00:00:00:00:00:00

DeviceVlan
  1 tpid enum x8100|x88A8|x9100|x9200|x9300 = x8100
  2 priority uint32 = 0 0..7
  3 id uint32 = 1 0..4095
  4 name string required

ConfigOptions
  1 port_options PortOptions
  2 protocol_options ProtocolOptions
  3 per_port_options PerPortOptions[]
  4 flow_options FlowOptions

PortOptions
  1 location_preemption bool = false unused: a port belongs to this server
  2 data_integrity bool = false unused: payloads are not compared
  3 frame_ordering_mode PortOptionsFrameOrderingMode

PortOptionsFrameOrderingMode
  1 choice enum no_ordering|rfc2889 = no_ordering

ProtocolOptions
  1 auto_start_all bool = true

PerPortOptions
  1 port_name string
  2 protocols refused[]: no protocol is emulated

FlowOptions
  1 packet_loss_duration bool = false
`;
