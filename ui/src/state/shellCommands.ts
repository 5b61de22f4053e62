// Commands of `grapnel` for a shell. None has a token in it: each asks for one when it runs.

/** A word of a POSIX shell. */
export const shellWord = (text: string): string =>
  /^[\w@%+:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

/** The commands that use a connection's token. */
export function tokenCommands(connection: string): { token: string; exec: string | null; api: string } {
  const word = shellWord(connection);
  const isOption = connection.startsWith("-");
  const name = isOption ? `-- ${word}` : word;
  return {
    token: `grapnel token ${name}`,
    // What follows `--` is the command that it runs.
    exec: isOption ? null : `grapnel exec ${shellWord(`${connection}=TOKEN`)} -- printenv TOKEN`,
    api: `grapnel api ${name} GET /`,
  };
}
