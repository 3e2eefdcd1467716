import { timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { type ControlResponse, problem } from "./control-server.ts";

const LOCAL_HOST = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/;

function hasToken(header: string | undefined, token: string): boolean {
  const [given, wanted] = [Buffer.from(header ?? ""), Buffer.from(`Bearer ${token}`)];
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

/**
 * Whom the TCP listener lets in: readers that call it by a local name (a page from elsewhere that has its own name point here
 * does not), and who has the token.
 * @param token null: nobody may change anything
 */
export function guardListener(
  { headers, method }: Pick<IncomingMessage, "headers" | "method">,
  token: string | null,
): ControlResponse | null {
  if (!LOCAL_HOST.test(headers.host ?? "")) return problem(403, "this listener answers to local names only");
  if (method === "GET") return null;
  if (token === null)
    return problem(403, "this listener is read-only; use the control socket, or give control_listen a token");
  return hasToken(headers.authorization, token) ? null : problem(401, "Authorization: Bearer TOKEN is needed");
}
