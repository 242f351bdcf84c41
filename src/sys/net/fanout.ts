/** PACKET_FANOUT_ (linux/if_packet.h): how packet sockets share what comes in. Plain data, read without loading libc. */
export const fanoutModes = { hash: 0, lb: 1, cpu: 2, rnd: 4, qm: 5 } as const;

export type FanoutMode = keyof typeof fanoutModes;
