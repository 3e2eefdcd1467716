import type { RouteEncapsulation } from "../model/addressing.ts";
import type { AddressFamily } from "../model/units.ts";
import type { NetlinkWriter } from "./netlink-writer.ts";

const RTA_ENCAP_TYPE = 21;
const RTA_ENCAP = 22;
/** @see linux/lwtunnel.h, LWTUNNEL_ENCAP_* */
const KIND = { mpls: 1, ip: 2, ila: 3, ip6: 4 } as const;
/** LWTUNNEL_IP_*, LWTUNNEL_IP6_* */
const TUNNEL = { id: 1, destination: 2, source: 3, ttl: 4, tos: 5, flags: 6 } as const;
const MPLS_IPTUNNEL_DST = 1;
const ILA_ATTR_LOCATOR = 1;
const BOTTOM_OF_STACK = 0x100;

/** RTA_ENCAP_TYPE and RTA_ENCAP of a route or a next hop. */
export function writeEncapsulation(writer: NetlinkWriter, encapsulation: RouteEncapsulation): void {
  const { kind, words } = encapsulation;
  writer.attribute(RTA_ENCAP_TYPE, (value) => value.u16(KIND[kind]));
  writer.nest(RTA_ENCAP, (nest) => {
    if (kind === "mpls") writeLabels(nest, words[0] ?? "");
    else if (kind === "ila") writeLocator(nest, words[0] ?? "");
    else writeTunnel(nest, kind === "ip" ? "inet" : "inet6", words);
  });
}

function writeLabels(nest: NetlinkWriter, text: string): void {
  const labels = text.split("/").map(Number);
  nest.attribute(MPLS_IPTUNNEL_DST, (value) => {
    for (const [index, label] of labels.entries()) {
      value.u32Network(label * 4096 + (index === labels.length - 1 ? BOTTOM_OF_STACK : 0));
    }
  });
}

function writeLocator(nest: NetlinkWriter, text: string): void {
  nest.attribute(ILA_ATTR_LOCATOR, (value) => {
    for (const group of text.split(":")) value.u16Network(Number.parseInt(group, 16));
  });
}

function writeTunnel(nest: NetlinkWriter, family: AddressFamily, words: readonly string[]): void {
  for (let index = 0; index + 1 < words.length; index += 2) {
    const value = words[index + 1] ?? "";
    switch (words[index]) {
      case "id":
        nest.attribute(TUNNEL.id, (id) => id.u64Network(BigInt(value)));
        break;
      case "dst":
        nest.attributeAddress(TUNNEL.destination, family, value);
        break;
      case "src":
        nest.attributeAddress(TUNNEL.source, family, value);
        break;
      case "ttl":
      case "hoplimit":
        nest.attributeU8(TUNNEL.ttl, Number(value));
        break;
      case "tos":
      case "tc":
        nest.attributeU8(TUNNEL.tos, Number(value));
        break;
      default:
        nest.attribute(TUNNEL.flags, (flags) => flags.u16Network(Number(value)));
    }
  }
}
