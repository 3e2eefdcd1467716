import { preloadLibrary } from "./compiled.ts";

/** What lets keepalived run on a kernel without IPVS; compiled unless that is done. @returns its environment */
export function imaginedIpvs(): NodeJS.ProcessEnv {
  return { LD_PRELOAD: preloadLibrary("ipvs-preload") };
}
