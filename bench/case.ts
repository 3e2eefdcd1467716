/** What one trial measured: `firstAddressMs: 3612.4`. The unit is in the name. */
export type Sample = Readonly<Record<string, number>>;

/** The program under test. */
export type Subject = "holdfast" | "keepalived";

export interface BenchCase {
  readonly name: string;
  /** One line that says what the numbers mean. */
  readonly meaning: string;
  /** Settings under which it runs, for example `advert_int=0.1`. */
  readonly variants: readonly string[];
  readonly subjects: readonly Subject[];
  /** Why it can't run here, or null. */
  whyNot(subject: Subject, variant: string): string | null;
  /** One trial, alone in its process. */
  run(subject: Subject, variant: string): Promise<Sample>;
}
