export interface RealserverRequest {
  readonly action: "up" | "down" | "status";
  readonly addresses: readonly string[];
  readonly isJson: boolean;
}

export async function realserver(_request: RealserverRequest): Promise<number> {
  process.stderr.write("holdfast: realserver is not available yet\n");
  return 1;
}
