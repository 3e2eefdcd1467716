/** One trial in a process of its own. Words: CASE SUBJECT VARIANT. Prints the sample as JSON on its last line. */
import { SUBJECTS } from "./case.ts";
import { CASES } from "./cases.ts";

const [name, subject, variant = ""] = process.argv.slice(2);
const found = CASES.find((item) => item.name === name);
const known = SUBJECTS.find((one) => one === subject);
if (found === undefined || known === undefined) {
  throw new Error(`no case ${name} for ${subject}`);
}
const sample = await found.run(known, variant);
process.stdout.write(`${JSON.stringify(sample)}\n`);
