const IS_LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
const TYPE_MASK = 0x3fff;

/** Attributes by type, the last of equal ones winning; a broken rest is left out. @see linux/netlink.h */
export function readAttributes(octets: Uint8Array): ReadonlyMap<number, Uint8Array> {
  const attributes = new Map<number, Uint8Array>();
  const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
  for (let at = 0; at + 4 <= octets.length; ) {
    const length = view.getUint16(at, IS_LITTLE_ENDIAN);
    if (length < 4 || at + length > octets.length) break;
    attributes.set(view.getUint16(at + 2, IS_LITTLE_ENDIAN) & TYPE_MASK, octets.subarray(at + 4, at + length));
    at += (length + 3) & ~3;
  }
  return attributes;
}

/** Null when it is absent or too short. */
export function readU16(octets: Uint8Array | undefined, at = 0): number | null {
  if (octets === undefined || octets.length < at + 2) return null;
  return new DataView(octets.buffer, octets.byteOffset).getUint16(at, IS_LITTLE_ENDIAN);
}

/** Null when it is absent or too short. */
export function readU32(octets: Uint8Array | undefined, at = 0): number | null {
  if (octets === undefined || octets.length < at + 4) return null;
  return new DataView(octets.buffer, octets.byteOffset).getUint32(at, IS_LITTLE_ENDIAN);
}

/** Up to the first NUL; empty when it is absent. */
export function readText(octets: Uint8Array | undefined): string {
  if (octets === undefined) return "";
  const end = octets.indexOf(0);
  return new TextDecoder().decode(end < 0 ? octets : octets.subarray(0, end));
}
