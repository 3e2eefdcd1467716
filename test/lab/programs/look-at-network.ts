/** Tells what is wrong with the way to the addresses given as arguments, as the correlated-failure guard sees it. */
import { loadNative } from "../../../src/native/load.ts";
import { lookAtNetwork } from "../../../src/runtime/lvs-network-look.ts";

const rtnetlink = loadNative().openRtnetlink();
const targets = process.argv.slice(2).map((address) => ({ family: "inet" as const, address }));
console.log(await lookAtNetwork(rtnetlink, targets));
rtnetlink.close();
