// The parts of a line that look different: the name, value and punctuation of JSON, and what a search found.

export type Look = "" | "name" | "punctuation" | "literal" | "mark";
export type Part = { text: string; look: Look };

const MEMBER = /^("(?:[^"\\]|\\.)*")(:\s*)/;
const LITERAL = /^(-?\d[^,]*|true|false|null)(,?)$/;

/** The parts of a line of indented JSON. */
export function jsonParts(line: string): Part[] {
  const parts: Part[] = [];
  const member = MEMBER.exec(line);
  if (member) parts.push({ text: member[1] ?? "", look: "name" }, { text: member[2] ?? "", look: "punctuation" });
  const value = line.slice(member?.[0].length ?? 0);
  const literal = LITERAL.exec(value);
  const comma = value.endsWith(",") ? "," : "";
  if (literal) parts.push({ text: literal[1] ?? "", look: "literal" }, { text: comma, look: "punctuation" });
  else if (/^[[\]{}]+,?$/.test(value)) parts.push({ text: value, look: "punctuation" });
  else
    parts.push({ text: value.slice(0, value.length - comma.length), look: "" }, { text: comma, look: "punctuation" });
  return parts.filter(({ text }) => text !== "");
}

/** ASCII letters without their case, as the host compares them. */
const lower = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

/** Cuts the parts where the text is found, which may begin in one part and end in another. */
export function marked(parts: Part[], wanted: string): Part[] {
  if (wanted === "") return parts;
  const [whole, sought] = [lower(parts.map(({ text }) => text).join("")), lower(wanted)];
  const found: [number, number][] = [];
  for (let at = whole.indexOf(sought); at >= 0; at = whole.indexOf(sought, at + sought.length))
    found.push([at, at + sought.length]);
  if (found.length === 0) return parts;
  let start = 0;
  return parts.flatMap(({ text, look }) => {
    const [first, last] = [start, start + text.length];
    start = last;
    const cuts = [first, ...found.flat().filter((at) => at > first && at < last), last];
    return cuts.slice(1).map((to, nth): Part => {
      const from = cuts[nth] ?? first;
      const within = found.some(([a, b]) => a <= from && to <= b);
      return { text: text.slice(from - first, to - first), look: within ? "mark" : look };
    });
  });
}
