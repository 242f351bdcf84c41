/**
 * Questions to the kernel over rtnetlink: one request, and its answer or answers. It answers in the network namespace
 * of the calling thread, which /sys does not: that shows the namespace it was mounted in.
 */
import { closeSync } from "node:fs";
import { checked, errno, libc, systemError } from "../libc.js";

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0x80000;
const SOCK_NONBLOCK = 0x800;
const NETLINK_ROUTE = 0;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const NLM_F_REQUEST = 1;
const NLM_F_ACK = 4;
const NLM_F_DUMP = 0x300;
const headerBytes = 16;
const answerBytes = 128 * 1024;

export type NetlinkAttributes = ReadonlyMap<number, DataView>;

/** A netlink socket in the namespace of the calling thread; `groups`: a mask of RTMGRP_ to listen to. */
export function netlinkSocket(groups = 0): number {
  const fd = checked(
    libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE),
    "socket(netlink)",
  );
  const address = new Uint8Array(12);
  const view = new DataView(address.buffer);
  view.setUint16(0, AF_NETLINK, true);
  view.setUint32(8, groups, true);
  if (libc.bind(fd, address, address.length) === 0) return fd;
  const code = errno();
  closeSync(fd);
  throw systemError("bind(netlink)", code);
}

/** An attribute as it is sent: length, type, value, padded to 4 bytes. */
export function netlinkAttribute(type: number, value: Uint8Array): Uint8Array {
  const bytes = new Uint8Array((4 + value.length + 3) & ~3);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 4 + value.length, true);
  view.setUint16(2, type, true);
  bytes.set(value, 4);
  return bytes;
}

/** Attributes from byte `from` on, by type (NLA_F_NESTED and such taken off). Of several of one type the last counts. */
export function netlinkAttributes(message: DataView, from: number): NetlinkAttributes {
  const attributes = new Map<number, DataView>();
  for (let at = from; at + 4 <= message.byteLength; ) {
    const length = message.getUint16(at, true);
    if (length < 4 || at + length > message.byteLength) break;
    const type = message.getUint16(at + 2, true) & 0x3fff;
    attributes.set(type, new DataView(message.buffer, message.byteOffset + at + 4, length - 4));
    at += (length + 3) & ~3;
  }
  return attributes;
}

/** The value of an attribute that is one number; null: the attribute is missing. */
export const netlinkUint32 = (attributes: NetlinkAttributes, type: number): number | null =>
  attributes.get(type)?.getUint32(0, true) ?? null;

export interface NetlinkAnswer {
  /** 0, or what the kernel refused with. */
  readonly errno: number;
  /** Without their headers. */
  readonly messages: readonly DataView[];
}

/** `dump`: all there are, not one. */
export function askNetlink(type: number, body: readonly Uint8Array[], dump: boolean): NetlinkAnswer {
  const fd = netlinkSocket();
  try {
    const request = Buffer.concat([new Uint8Array(headerBytes), ...body]);
    request.writeUInt32LE(request.length, 0);
    request.writeUInt16LE(type, 4);
    request.writeUInt16LE(NLM_F_REQUEST | (dump ? NLM_F_DUMP : NLM_F_ACK), 6);
    request.writeUInt32LE(1, 8);
    checked(libc.sendto(fd, request, request.length, 0, null, 0), "sendto(netlink)");
    return readAnswers(fd);
  } finally {
    closeSync(fd);
  }
}

/** The kernel answers within the call that asks, so there is nothing to wait for. */
function readAnswers(fd: number): NetlinkAnswer {
  const messages: DataView[] = [];
  for (;;) {
    for (const { type, body } of readNetlink(fd)) {
      if (type === NLMSG_DONE) return { errno: 0, messages };
      if (type === NLMSG_ERROR) return { errno: -body.getInt32(0, true), messages };
      messages.push(body);
    }
  }
}

export interface NetlinkMessage {
  readonly type: number;
  readonly body: DataView;
}

/** The messages of one datagram. @throws PktgenError: there is none. */
export function readNetlink(fd: number): NetlinkMessage[] {
  const into = new Uint8Array(answerBytes);
  const bytes = checked(libc.recvfrom(fd, into, into.length, 0, null, null), "recvfrom(netlink)");
  const all = new DataView(into.buffer, 0, bytes);
  const messages: NetlinkMessage[] = [];
  for (let at = 0; at + headerBytes <= bytes; ) {
    const length = all.getUint32(at, true);
    if (length < headerBytes || at + length > bytes) break;
    messages.push({
      type: all.getUint16(at + 4, true),
      body: new DataView(into.buffer, at + headerBytes, length - headerBytes),
    });
    at += (length + 3) & ~3;
  }
  return messages;
}
