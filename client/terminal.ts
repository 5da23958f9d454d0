/** Where a command speaks: results to `out`, everything said about them to `err`. */
export interface Terminal {
  out(content: string | Uint8Array): void;
  err(text: string): void;
  /** A person reads `out`: control characters in foreign text would be obeyed by the screen. */
  readonly outIsScreen: boolean;
  readonly errIsScreen: boolean;
  /** Colours the text when `out` is a screen and NO_COLOR is not set. */
  paint(color: "green" | "red" | "dim", text: string): string;
}
