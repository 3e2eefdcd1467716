import type {
  AddressCommand,
  InterfaceAddress,
  NetlinkMessage,
  PreparedObject,
  Rtnetlink,
  SyscallFailure,
} from "../native/contract.ts";

/** It is gone already, or its interface is. */
const GONE = ["ESRCH", "ENOENT", "ENODEV", "EADDRNOTAVAIL"];

/** Removes in reverse order; what is not there is no failure. @returns what could not be removed */
export async function removeObjects(
  rtnetlink: Rtnetlink,
  objects: readonly PreparedObject[],
): Promise<readonly SyscallFailure[]> {
  return await sendTolerating(
    rtnetlink,
    [...objects].reverse().map(({ remove }) => remove),
    GONE,
  );
}

/** Adds in order; what is there already is no failure. @returns what could not be added */
export async function addObjects(
  rtnetlink: Rtnetlink,
  objects: readonly PreparedObject[],
): Promise<readonly SyscallFailure[]> {
  return await sendTolerating(
    rtnetlink,
    objects.map(({ add }) => add),
    ["EEXIST"],
  );
}

async function sendTolerating(
  rtnetlink: Rtnetlink,
  messages: readonly NetlinkMessage[],
  tolerated: readonly string[],
): Promise<readonly SyscallFailure[]> {
  if (messages.length === 0) return [];
  const results = await rtnetlink.send(messages);
  return results.filter((failure) => failure !== null && !tolerated.includes(failure.code)).filter((it) => it !== null);
}

/** What became of one address that was to be removed; one that is gone already has no failure. */
export interface AddressRemoval {
  readonly address: InterfaceAddress;
  readonly failure: SyscallFailure | null;
}

export async function removeAddresses(
  rtnetlink: Rtnetlink,
  addresses: readonly InterfaceAddress[],
): Promise<readonly AddressRemoval[]> {
  if (addresses.length === 0) return [];
  const commands = addresses.map((address): AddressCommand => ({ kind: "address-delete", address }));
  const results = await rtnetlink.apply(commands);
  return addresses.map((address, index) => {
    const failure = results[index] ?? null;
    return { address, failure: failure?.code === "EADDRNOTAVAIL" ? null : failure };
  });
}

/** Those of `before` that are not in `after`. */
export function objectsWithout(
  before: readonly PreparedObject[],
  after: readonly PreparedObject[],
): readonly PreparedObject[] {
  const kept = new Set(after.map(objectKey));
  return before.filter((object) => !kept.has(objectKey(object)));
}

function objectKey({ remove }: PreparedObject): string {
  return `${remove.type} ${remove.payload.join(" ")}`;
}
