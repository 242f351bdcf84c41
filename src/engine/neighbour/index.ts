/** What a port is to its neighbours: answers to ARP, neighbour solicitations and echo requests. */
export { HostTable, type NeighbourEvent, type ResponderSetup } from "./host-table.js";
export { Responder } from "./responder.js";
