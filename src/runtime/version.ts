/** The same as in package.json. */
export const VERSION = "0.1.0";

/** The keepalived release whose configuration and behaviour this version follows. */
export const COMPATIBLE_VERSION = "2.4.3";
