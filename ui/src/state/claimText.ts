// Claims as text. A token is written by others, so that nothing in it may be invisible or endless.

/** The most characters of a value that are shown. */
const MOST = 600;

/** Characters that cannot be seen or change the text around them. */
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u034f\u115f\u1160\u3164\uffa0]/gu;

/** A text with such characters spelled out, such as `\u{a}` for a line break. */
export const spelledOut = (text: string): string =>
  text.replace(unseen, (one) => `\\u{${one.codePointAt(0)?.toString(16)}}`);

/** The beginning of a value, and how many characters follow it. */
export const claimText = (value: string): { text: string; more: number } => ({
  text: spelledOut(value.slice(0, MOST)),
  more: Math.max(0, value.length - MOST),
});

/** Claims that are Unix times in seconds (RFC 7519 §2). */
const times = new Set(["iat", "exp", "nbf", "auth_time", "updated_at"]);

/** The time in a claim, or null. */
export function claimTime(name: string, value: string): string | null {
  const at = times.has(name) && value.trim() !== "" ? new Date(Number(value) * 1000) : null;
  return at && !Number.isNaN(at.getTime()) ? at.toISOString() : null;
}
