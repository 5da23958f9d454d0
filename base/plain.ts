/**
 * Foreign text made harmless: it comes from a program that worked on somebody's file, and an escape sequence
 * in it could rewrite the screen or the clipboard.
 */
export function plain(text: string, keepLines = false): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, (character) => {
    if (keepLines && (character === "\n" || character === "\t")) return character;
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
}
