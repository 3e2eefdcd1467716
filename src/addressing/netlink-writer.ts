import type { AddressFamily, IpAddress } from "../model/units.ts";

const IS_LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
const NESTED = 0x8000;

/**
 * Octets of a netlink message: a family header, then attributes padded to four octets. Integers are in
 * the host's order unless the name says otherwise.
 * @see linux/netlink.h
 */
export class NetlinkWriter {
  #bytes = new Uint8Array(256);
  #length = 0;

  get octets(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  u8(...values: readonly number[]): this {
    const at = this.#grow(values.length);
    this.#bytes.set(values, at);
    return this;
  }

  u16(value: number): this {
    this.#view(2).setUint16(0, value, IS_LITTLE_ENDIAN);
    return this;
  }

  u32(value: number): this {
    this.#view(4).setUint32(0, value >>> 0, IS_LITTLE_ENDIAN);
    return this;
  }

  u64(value: bigint): this {
    this.#view(8).setBigUint64(0, value, IS_LITTLE_ENDIAN);
    return this;
  }

  u16Network(value: number): this {
    this.#view(2).setUint16(0, value, false);
    return this;
  }

  u32Network(value: number): this {
    this.#view(4).setUint32(0, value >>> 0, false);
    return this;
  }

  u64Network(value: bigint): this {
    this.#view(8).setBigUint64(0, value, false);
    return this;
  }

  address(family: AddressFamily, address: IpAddress): this {
    return this.u8(...addressOctets(family, address));
  }

  /** With its closing NUL. */
  text(text: string): this {
    return this.u8(...new TextEncoder().encode(text), 0);
  }

  /** An attribute with what `write` puts into it. */
  attribute(type: number, write: (value: this) => void): this {
    const start = this.#length;
    this.u16(0).u16(type);
    write(this);
    const length = this.#length - start;
    new DataView(this.#bytes.buffer, start).setUint16(0, length, IS_LITTLE_ENDIAN);
    return this.#pad();
  }

  nest(type: number, write: (value: this) => void): this {
    return this.attribute(type | NESTED, write);
  }

  attributeU8(type: number, value: number): this {
    return this.attribute(type, (attribute) => attribute.u8(value));
  }

  attributeU32(type: number, value: number): this {
    return this.attribute(type, (attribute) => attribute.u32(value));
  }

  attributeText(type: number, text: string): this {
    return this.attribute(type, (attribute) => attribute.text(text));
  }

  attributeAddress(type: number, family: AddressFamily, address: IpAddress): this {
    return this.attribute(type, (attribute) => attribute.address(family, address));
  }

  /** A struct that begins with its own length, such as rtnexthop. */
  counted(write: (value: this) => void): this {
    const start = this.#length;
    this.u16(0);
    write(this);
    new DataView(this.#bytes.buffer, start).setUint16(0, this.#length - start, IS_LITTLE_ENDIAN);
    return this;
  }

  #pad(): this {
    this.#grow((4 - (this.#length % 4)) % 4);
    return this;
  }

  #view(size: number): DataView {
    const at = this.#grow(size);
    return new DataView(this.#bytes.buffer, at, size);
  }

  #grow(size: number): number {
    const at = this.#length;
    this.#length += size;
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(2 * this.#length);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    return at;
  }
}

/** In network order. @param address canonical */
export function addressOctets(family: AddressFamily, address: IpAddress): readonly number[] {
  if (family === "inet") return address.split(".").map(Number);
  const [head = "", tail] = address.split("::");
  const before = groupOctets(head);
  if (tail === undefined) return before;
  const after = groupOctets(tail);
  return [...before, ...new Array<number>(16 - before.length - after.length).fill(0), ...after];
}

function groupOctets(text: string): readonly number[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) => {
    if (group.includes(".")) return group.split(".").map(Number);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

/** For keys and lengths: 32 or 128. */
export function familyBits(family: AddressFamily): number {
  return family === "inet" ? 32 : 128;
}

/** @see sys/socket.h */
export function familyNumber(family: AddressFamily): number {
  return family === "inet" ? 2 : 10;
}

export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;
export const NLM_F_APPEND = 0x800;
export const NLM_F_DUMP = 0x300;
