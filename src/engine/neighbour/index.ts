/** What a port is to its neighbours: answers to ARP, neighbour solicitations and echo requests. */
export { HostTable, type NeighbourEvent } from "./host-table.js";
export { Responder, type ResponderSetup } from "./responder.js";
