/** Names of the browser's own types that playwright-core's declarations mention; nothing here uses what is in them. */
declare global {
  type Node = object;
  type HTMLElement = object;
  type SVGElement = object;
  type HTMLElementTagNameMap = Record<string, HTMLElement>;
}

export {};
