/** The headers of the models that are made here. */
import type { HeaderForm } from "./header-form.js";
import { lacpForm } from "./lacp.js";
import {
  arpForm,
  ethernetForm,
  icmpForm,
  icmpv6Form,
  igmpForm,
  ipv4Form,
  ipv6Form,
  routingForm,
  vlanForm,
} from "./network-headers.js";
import {
  greForm,
  gtpv1Form,
  gtpv2Form,
  mplsForm,
  pauseForm,
  pfcForm,
  pppForm,
  tcpForm,
  udpForm,
  vxlanForm,
} from "./transport-headers.js";

/** By `choice`, with the name of the message behind it. `custom` is bytes, and needs no form. */
export const headerForms: Readonly<Record<string, { readonly message: string; readonly form: HeaderForm }>> = {
  ethernet: { message: "FlowEthernet", form: ethernetForm },
  vlan: { message: "FlowVlan", form: vlanForm },
  ipv4: { message: "FlowIpv4", form: ipv4Form },
  ipv6: { message: "FlowIpv6", form: ipv6Form },
  tcp: { message: "FlowTcp", form: tcpForm },
  udp: { message: "FlowUdp", form: udpForm },
  vxlan: { message: "FlowVxlan", form: vxlanForm },
  gre: { message: "FlowGre", form: greForm },
  mpls: { message: "FlowMpls", form: mplsForm },
  arp: { message: "FlowArp", form: arpForm },
  icmp: { message: "FlowIcmp", form: icmpForm },
  icmpv6: { message: "FlowIcmpv6", form: icmpv6Form },
  igmpv1: { message: "FlowIgmpv1", form: igmpForm },
  gtpv1: { message: "FlowGtpv1", form: gtpv1Form },
  gtpv2: { message: "FlowGtpv2", form: gtpv2Form },
  ppp: { message: "FlowPpp", form: pppForm },
  ethernetpause: { message: "FlowEthernetPause", form: pauseForm },
  pfcpause: { message: "FlowPfcPause", form: pfcForm },
  lacp: { message: "FlowLacp", form: lacpForm },
  ipv6_extension_header: { message: "FlowIpv6ExtHeader", form: routingForm },
};
