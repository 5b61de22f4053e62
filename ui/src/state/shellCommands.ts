// Commands of `grapnel` for a shell. None has a token in it: each asks for one when it runs.

import { isWindows } from "./system";

export type Shell = "posix" | "powershell";

const shells = {
  posix: { plain: /^[\w@%+:,./-]+$/, quote: `'\\''`, print: "printenv TOKEN" },
  powershell: { plain: /^[\w+:./-]+$/, quote: "''", print: "powershell -Command '$env:TOKEN'" },
};

/** The shell that people use on this system. */
const systemShell = (): Shell => (isWindows() ? "powershell" : "posix");

/** A word of a shell. */
export const shellWord = (text: string, shell: Shell): string =>
  shells[shell].plain.test(text) ? text : `'${text.replaceAll("'", shells[shell].quote)}'`;

/** The commands that use a connection's token. */
export function tokenCommands(
  connection: string,
  shell = systemShell(),
): { token: string; exec: string | null; api: string } {
  const word = shellWord(connection, shell);
  const isOption = connection.startsWith("-");
  const name = isOption ? `-- ${word}` : word;
  return {
    token: `grapnel token ${name}`,
    // What follows `--` is the command that it runs.
    exec: isOption ? null : `grapnel exec ${shellWord(`${connection}=TOKEN`, shell)} -- ${shells[shell].print}`,
    api: `grapnel api ${name} GET /`,
  };
}
