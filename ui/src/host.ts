// The one door to the host: the only file that imports the bindings, and with them the webview's IPC.

import { commands, events } from "./bindings";
import type {
  Diagnosis,
  Error as Trouble,
  Event as Happening,
  Format,
  NewApp,
  PostQuery,
  Settings as Given,
} from "./bindings";

export type {
  App,
  AppId,
  Attempt,
  AttemptId,
  Claims,
  Code,
  Collection,
  ConnectionId,
  Details,
  Deviation,
  Diagnosis,
  Discovery,
  DiscoveryNote,
  Entry,
  Exported,
  ExportedPosts,
  Facet,
  Facets,
  Field,
  Format,
  Found,
  Glimpse,
  Held,
  Imported,
  Item,
  Items,
  Kind,
  Message,
  Month,
  NewApp,
  Order,
  OtherAccount,
  Outcome,
  Overview,
  Parameter,
  Phase,
  Post,
  PostDetails,
  PostLine,
  PostPage,
  PostQuery,
  ProfileFile,
  ProfileValue,
  Progress,
  ProposedRedirect,
  Project,
  Projects,
  Protection,
  ProviderView,
  Rediscovery,
  Revocation,
  Review,
  SandboxApp,
  Scope,
  Scopes,
  Seen,
  Source,
  State,
  Summary,
  Verdict,
  WayBack,
} from "./bindings";
export type { Trouble, Happening };
export type Settings = Required<Given>;

type Envelope<T> = { status: "ok"; data: T } | { status: "error"; error: Trouble };

/** What was thrown, as a trouble: the host's own, or, where the call itself broke, one that says so. */
export function asTrouble(thrown: unknown): Trouble {
  if (typeof thrown === "object" && thrown !== null && "code" in thrown && "message" in thrown)
    return thrown as Trouble;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return { code: "internal", message, meaning: null, hint: null, field: null };
}

async function ask<T>(call: () => Promise<Envelope<T>>): Promise<T> {
  let answer: Envelope<T>;
  try {
    answer = await call();
  } catch (thrown) {
    throw asTrouble(thrown);
  }
  if (answer.status === "error") throw asTrouble(answer.error);
  return answer.data;
}

let lastCall = 0;

/** A number that names a call, so that it can be cancelled. */
export function nextCall(): number {
  lastCall += 1;
  return lastCall;
}

/** Every function fails with a `Trouble`. */
export const host = {
  /** Everything; at first, of many connections those at the top of the lists. */
  overview: (atFirst: boolean) => ask(() => commands.overview(atFirst)),
  /** How those of these connections stand that are there. */
  summaries: (ids: string[]) => ask(() => commands.summaries(ids)),
  sandbox: () => ask(() => commands.sandbox()),
  /** What an issuer announces of itself: values of a profile, and what to know of it. */
  discover: (issuer: string) => ask(() => commands.discover(issuer)),
  /** Redirect URIs that no app has yet. */
  proposeRedirect: () => ask(() => commands.proposeRedirect()),
  /** What would change of an app by what its issuer announces now. */
  rediscover: (app: string) => ask(() => commands.rediscover(app)),
  addApp: (app: NewApp) => ask(() => commands.addApp(app)),
  changeApp: (id: string, app: NewApp) => ask(() => commands.changeApp(id, app)),
  /** Writes a profile file to where the person says, and answers with its path; nothing where they say nothing. */
  exportProfile: (app: string) => ask(() => commands.exportProfile(app)),
  /** What the text of a profile file says. */
  readProfile: (text: string) => ask(() => commands.readProfile(text)),
  /** With its connections: each is disconnected and removed first, and leaves the list as it goes. */
  removeApp: (app: string) => ask(() => commands.removeApp(app)),
  /** With `anotherAccount`, the provider asks which account is meant. */
  startAttempt: (app: string, connection: string | null, anotherAccount = false) =>
    ask(() => commands.startAttempt(app, connection, anotherAccount)),
  /** Opens the sign-in page, in `chosen` where one is: the connection that comes of it keeps that. Whether the person agrees, whom the system asks about one that is new. */
  openBrowser: (attempt: string, chosen: string | null) => ask(() => commands.openBrowser(attempt, chosen)),
  copyLink: (attempt: string) => ask(() => commands.copyLink(attempt)),
  pasteCallback: (attempt: string, text: string) => ask(() => commands.pasteCallback(attempt, text)),
  /** Signs in without a browser. Both are handed on once, and kept nowhere. */
  signInHere: (app: string, connection: string | null, email: string, word: string) =>
    ask(() => commands.signInWithPassword(app, connection, email, word)),
  /** Tries whether a deep link comes back here. */
  testDeepLink: () => ask(() => commands.testDeepLink()),
  /** Lets the account that signed in replace the one of the connection that the attempt was meant for. */
  replaceAccount: (attempt: string) => ask(() => commands.replaceAccount(attempt)),
  cancelAttempt: (attempt: string) => ask(() => commands.cancelAttempt(attempt)),
  connection: (id: string) => ask(() => commands.connection(id)),
  /** Keeps a browser; whether the person agrees, likewise. */
  setBrowser: (id: string, command: string) => ask(() => commands.setBrowser(id, command)),
  refresh: (id: string) => ask(() => commands.refresh(id)),
  copyToken: (id: string) => ask(() => commands.copyToken(id)),
  disconnect: (id: string) => ask(() => commands.disconnect(id)),
  forget: (id: string) => ask(() => commands.forget(id)),
  /** With `kept`, what was read before is told, and the provider is not asked. */
  projects: (id: string, kept: boolean, call: number) => ask(() => commands.projects(id, kept, call)),
  project: (id: string, project: string, kept: boolean, call: number) =>
    ask(() => commands.project(id, project, kept, call)),
  collections: (id: string) => ask(() => commands.collections(id)),
  items: (id: string, collection: string, within: string | null, kept: boolean, call: number) =>
    ask(() => commands.items(id, collection, within, kept, call)),
  /** Has the host read posts from the provider, and keep them. */
  loadPosts: (id: string, query: PostQuery, call: number) => ask(() => commands.loadPosts(id, query, call)),
  postPage: (id: string, query: PostQuery, offset: number, limit: number) =>
    ask(() => commands.postPage(id, query, offset, limit)),
  postMonths: (id: string, query: PostQuery) => ask(() => commands.postMonths(id, query)),
  post: (id: string, query: PostQuery, post: string) => ask(() => commands.post(id, query, post)),
  openPost: (id: string, query: PostQuery, post: string) => ask(() => commands.openPost(id, query, post)),
  copyPost: (id: string, query: PostQuery, post: string) => ask(() => commands.copyPost(id, query, post)),
  /** Likewise. */
  exportPosts: (id: string, query: PostQuery, name: string, format: Format) =>
    ask(() => commands.exportPosts(id, query, name, format)),
  openSavedFolder: () => ask(() => commands.openSavedFolder()),
  search: (text: string) => ask(() => commands.search(text)),
  cancel: (call: number) => ask(() => commands.cancel(call)),
  activity: (id: string | null, search: string | null) => ask(() => commands.activity(id, search)),
  copyText: (text: string) => ask(() => commands.copyText(text)),
  /** What is set for all of Grapnel, and where its data is. */
  settings: () =>
    ask(() => commands.settings()) as Promise<{
      settings: Settings;
      folder: string;
      at_login: boolean | null;
      in_tray: boolean;
    }>,
  /** The system asks the person about a program or a proxy that is new; nothing where they decline, and nothing was changed. */
  changeSettings: (changes: Partial<Settings>) =>
    ask(() => commands.changeSettings(changes)) as Promise<Settings | null>,
  /** The person chooses a file in the system's dialog; nothing where they choose none. */
  chooseCertificates: () => ask(() => commands.chooseCertificates()) as Promise<Settings | null>,
  startAtLogin: (on: boolean) => ask(() => commands.startAtLogin(on)),
  openFolder: () => ask(() => commands.openFolder()),
  checkVault: () => ask(() => commands.checkVault()),
  protection: () => ask(() => commands.protection()),
  unlock: (word: string) => ask(() => commands.unlock(word)),
  usePassphrase: (word: string) => ask(() => commands.protectWithPassphrase(word)),
  /** Gives up everything that is sealed, where the key is lost for good. */
  resetVault: () => ask(() => commands.resetVault()),
  useKeyring: () => ask(() => commands.protectWithKeyring()),
  diagnose: () => ask(() => commands.diagnose()),
  copyDiagnosis: (diagnosis: Diagnosis) => ask(() => commands.copyDiagnosis(diagnosis)),
  /** Exports to the file that the person chooses; nothing where they choose none. */
  exportArchive: (word: string, tokens: boolean, moves: boolean) =>
    ask(() => commands.exportArchive(word, tokens, moves)),
  /** Opens the exported file that the person chooses, and tells what importing it would add; nothing where they choose none. */
  openArchive: (word: string) => ask(() => commands.openArchive(word)),
  importOpened: (tokens: boolean) => ask(() => commands.importArchive(tokens)),
  closeArchive: () => ask(() => commands.closeArchive()),
  /** Calls back with everything that happens, until the returned function is called. */
  listen: (heard: (event: Happening) => void) => events.coreEvent.listen((message) => heard(message.payload)),
  /** Calls back with the connection that the person asked for outside of the window, likewise. */
  asked: (open: (connection: string) => void) => events.connectionRequested.listen((message) => open(message.payload)),
};
