import { execFileSync } from "node:child_process";
import { join } from "node:path";

export interface Certificate {
  readonly keyFile: string;
  readonly certificateFile: string;
}

/** A self-signed certificate with a fresh key, in files of the folder. @param days it is good for; negative: expired */
export function makeCertificate(folder: string, name = "server", days = 2): Certificate {
  const keyFile = join(folder, `${name}.key`);
  const certificateFile = join(folder, `${name}.pem`);
  const requestFile = join(folder, `${name}.csr`);
  const openssl = (...words: readonly string[]): unknown => execFileSync("openssl", words, { stdio: "pipe" });
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  openssl("req", "-new", ...curve, "-keyout", keyFile, "-subj", "/CN=lab.example", "-out", requestFile);
  const validity = ["-days", String(days), "-out", certificateFile];
  openssl("x509", "-req", "-in", requestFile, "-signkey", keyFile, ...validity);
  return { keyFile, certificateFile };
}
