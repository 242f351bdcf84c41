/** What a port is to its neighbours: answers to ARP, neighbour solicitations and echo requests. */
export { Responder, type ResponderSetup } from "./responder.js";
