import type { BfdSessionState } from "../native/contract.ts";

/** As keepalived's log and dumps have them. */
export const BFD_STATE_NAMES: Readonly<Record<BfdSessionState, string>> = {
  "admin-down": "AdminDown",
  down: "Down",
  init: "Init",
  up: "Up",
};

/** By code. @see RFC 5880 §4.1 */
export const BFD_DIAGNOSTIC_NAMES: readonly string[] = [
  "No Diagnostic",
  "Control Detection Time Expired",
  "Echo Function Failed",
  "Neighbor Signaled Session Down",
  "Forwarding Plane Reset",
  "Path Down",
  "Concatenated Path Down",
  "Administratively Down",
  "Reverse Concatenated Path Down",
];
