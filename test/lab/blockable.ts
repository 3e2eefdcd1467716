import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ROOT } from "../helpers/repository.ts";

const BLOCKER = pathToFileURL(join(ROOT, "test/lab/programs/block-on-signal.mjs")).href;

/** Environment of a daemon whose main thread stands still for 10 s when it gets SIGPWR. */
export const BLOCKABLE = { NODE_OPTIONS: `--import=${BLOCKER}` };
