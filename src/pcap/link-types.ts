/** Names of link types (LINKTYPE_ values of the tcpdump project's registry) that captures are met with. */
const names: Readonly<Record<number, string>> = {
  0: "BSD loopback",
  1: "Ethernet",
  6: "Token Ring",
  9: "PPP",
  10: "FDDI",
  12: "raw IP",
  14: "raw IP",
  101: "raw IP",
  104: "Cisco HDLC",
  105: "IEEE 802.11",
  107: "Frame Relay",
  108: "OpenBSD loopback",
  113: "Linux cooked capture",
  117: "OpenBSD pflog",
  127: "IEEE 802.11 with radiotap",
  147: "private use 0",
  187: "Bluetooth HCI H4",
  192: "PPI",
  195: "IEEE 802.15.4",
  197: "ERF",
  201: "Bluetooth HCI H4 with direction",
  220: "Linux USB",
  227: "SocketCAN",
  228: "raw IPv4",
  229: "raw IPv6",
  239: "Linux nflog",
  249: "USBPcap",
  252: "Wireshark upper PDU",
  253: "Linux netlink",
  272: "nRF sniffer",
  276: "Linux cooked capture v2",
};

export const linkTypeEthernet = 1;

/** "Ethernet", "link type 147" */
export const linkTypeName = (linkType: number): string => names[linkType] ?? `link type ${linkType}`;
