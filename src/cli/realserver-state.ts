import { REALSERVER_SYSCTLS, type RealserverState } from "../addressing/realserver.ts";
import { parseAddress } from "../config/address.ts";

function isAddressList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === "string" && parseAddress(one)?.address === one);
}

/** Only the settings that `up` changes, so that a file from elsewhere can't set others. */
function isSysctlRecord(value: unknown): value is Readonly<Record<string, number>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.entries(value).every(
    ([path, number]) => REALSERVER_SYSCTLS.includes(path) && Number.isInteger(number) && number >= 0 && number <= 8,
  );
}

/** @returns null when the text is no state of this program */
export function parseRealserverState(text: string): RealserverState | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null || !("addresses" in value) || !("sysctls" in value)) return null;
  const { addresses, sysctls } = value;
  return isAddressList(addresses) && isSysctlRecord(sysctls) ? { addresses, sysctls } : null;
}

export function renderRealserverState(state: RealserverState): string {
  return `${JSON.stringify(state, null, 2)}\n`;
}
