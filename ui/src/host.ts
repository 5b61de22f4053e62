// The interface to the host: the only file that imports the bindings and with them the IPC.

import { commands, events } from "./bindings";
import type {
  ApiRequestDraft,
  ConnectionEdit,
  ConnectionEventKind,
  Diagnosis,
  Error as Trouble,
  Event as Happening,
  Format,
  ImportChoice,
  Kind,
  KnownPage,
  NewApp,
  NewMember,
  LineRange,
  PostQuery,
  RegistrationRequest,
  ResponseLayout,
  Settings as Given,
  SignInOptions,
  SnippetFormat,
  TokenTarget,
} from "./bindings";

export type {
  About,
  Annotations,
  ApiEndpointView,
  ApiExchangeSummary,
  ApiExchangeView,
  ApiRequestDraft,
  ApiRequestPage,
  App,
  AppId,
  Attempt,
  AttemptId,
  Claims,
  Code,
  Collection,
  ConnectionEventKind,
  ConnectionId,
  DerivedTokenView,
  Details,
  DetailsView,
  Deviation,
  DevicePrompt,
  Diagnosis,
  Discovery,
  DiscoveryNote,
  EndpointCheck,
  Entry,
  ExchangeKind,
  Exported,
  ExportedPosts,
  FailedRefreshes,
  Facet,
  Facets,
  Field,
  Format,
  Hook,
  SearchHit,
  TokenPreview,
  TokenMetadata,
  Unverified,
  Imported,
  Item,
  Items,
  Kind,
  KnownPage,
  Message,
  Month,
  NewApp,
  NextStep,
  Order,
  OtherAccount,
  ImportOutcome,
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
  ImportFormat,
  ImportPreview,
  Project,
  Projects,
  Protection,
  ProviderView,
  Rediscovery,
  CertificateView,
  RegisteredApp,
  RegistrationRequest,
  Revocation,
  Review,
  SandboxApp,
  Scope,
  Scopes,
  SignInOptions,
  RedactedResponse,
  RequestHeader,
  ResponseLayout,
  ResponseLine,
  ResponseMatches,
  SavedRequest,
  SnippetFormat,
  ReadImport,
  Source,
  State,
  Summary,
  CheckStatus,
  RedirectMethod,
  Invited,
  JoinedTeam,
  LeftTeam,
  NewMember,
  RemovedMember,
  SharedConnection,
  Team,
  TeamActivity,
  TeamMember,
  TeamRole,
} from "./bindings";
export type { ConnectionEdit, Trouble, Happening };
export type Settings = Required<Given>;

type Envelope<T> = { status: "ok"; data: T } | { status: "error"; error: Trouble };

/** A thrown value as a `Trouble`: the host's error, or an internal error if the call itself failed. */
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

/** An ID for a call, so that it can be cancelled. */
export function nextCall(): number {
  lastCall += 1;
  return lastCall;
}

/** Commands of the host. Every function rejects with a `Trouble`. */
export const host = {
  /** Everything; with `atFirst`, only the first of many connections. */
  overview: (atFirst: boolean) => ask(() => commands.overview(atFirst)),
  /** The events from before the page listened. From now on, events go to the page. */
  missedEvents: () => ask(() => commands.missedEvents()),
  /** The first page is painted. */
  pagePainted: () => ask(() => commands.pagePainted()),
  /** List rows of those connections that exist. */
  summaries: (ids: string[]) => ask(() => commands.summaries(ids)),
  sandbox: () => ask(() => commands.sandbox()),
  /** Discovery: profile settings and notes from the metadata of an issuer, or of a protected API's server. */
  discover: (issuer: string, server: string | null, call: number) => ask(() => commands.discover(issuer, server, call)),
  /** Tests the endpoints of an app that may not be added yet, without credentials. */
  checkEndpoints: (provider: string, overrides: { [key in string]: string }, call: number) =>
    ask(() => commands.checkEndpoints(provider, overrides, call)),
  /** Generates unused redirect URIs. */
  proposeRedirect: (app: string | null) => ask(() => commands.proposeRedirect(app)),
  /** What the issuer's current metadata would change in an app. */
  rediscover: (app: string) => ask(() => commands.rediscover(app)),
  addApp: (app: NewApp) => ask(() => commands.addApp(app)),
  /** Registers the client of a new app at its provider, and adds the app. */
  registerApp: (request: RegistrationRequest) => ask(() => commands.registerApp(request)),
  readRegistration: (id: string) => ask(() => commands.readRegistration(id)),
  updateRegistration: (id: string) => ask(() => commands.updateRegistration(id)),
  renewRegistration: (id: string, token: string | null) => ask(() => commands.renewRegistration(id, token)),
  /** The document to host at the address that is an app's client ID. */
  metadataDocument: (id: string) => ask(() => commands.metadataDocument(id)),
  certificate: (id: string) => ask(() => commands.certificate(id)),
  publicKey: (id: string) => ask(() => commands.publicKey(id)),
  changeApp: (id: string, app: NewApp) => ask(() => commands.changeApp(id, app)),
  /** Saves a profile file through the system's dialog. Returns its path, or null if cancelled. */
  exportProfile: (app: string) => ask(() => commands.exportProfile(app)),
  /** Parses a profile file. */
  readProfile: (text: string) => ask(() => commands.readProfile(text)),
  /** Reads apps from a file that the person chooses; null if they cancel. */
  importFile: () => ask(() => commands.importFile()),
  /** Reads apps from pasted text. */
  importText: (text: string) => ask(() => commands.importText(text)),
  /** Adds one of the apps that were read, with what the person completed. */
  addImported: (choice: ImportChoice) => ask(() => commands.addImported(choice)),
  /** Discards the apps that were read, with their secrets. */
  discardImport: () => ask(() => commands.discardImport()),
  /** Removes an app after disconnecting and removing its connections one by one. */
  removeApp: (app: string, deletesClient: boolean) => ask(() => commands.removeApp(app, deletesClient)),
  startAttempt: (app: string, connection: string | null, options: SignInOptions) =>
    ask(() => commands.startAttempt(app, connection, options)),
  devicePrompt: (attempt: string) => ask(() => commands.devicePrompt(attempt)),
  /**
   * Opens the sign-in page, in the browser `chosen` if given, which the connection remembers. Returns whether the
   * person agreed to a new command.
   */
  openBrowser: (attempt: string, chosen: string | null) => ask(() => commands.openBrowser(attempt, chosen)),
  copyLink: (attempt: string) => ask(() => commands.copyLink(attempt)),
  pasteCallback: (attempt: string, text: string) => ask(() => commands.pasteCallback(attempt, text)),
  /** Signs in without a browser. Email and password are sent once and not stored. */
  signInHere: (app: string, connection: string | null, email: string, password: string) =>
    ask(() => commands.signInWithPassword(app, connection, email, password)),
  /** Tests whether a deep link opens this program. */
  testDeepLink: () => ask(() => commands.testDeepLink()),
  /** Replaces the connection's account by the one that signed in. */
  replaceAccount: (attempt: string) => ask(() => commands.replaceAccount(attempt)),
  cancelAttempt: (attempt: string) => ask(() => commands.cancelAttempt(attempt)),
  connection: (id: string) => ask(() => commands.connection(id)),
  /** Sets a connection's browser. Returns whether the person agreed to a new command. */
  setBrowser: (id: string, command: string) => ask(() => commands.setBrowser(id, command)),
  /** Changes the name and the annotations of a connection; what is left out stays. */
  editConnection: (id: string, edit: ConnectionEdit) => ask(() => commands.editConnection(id, edit)),
  /** Gives connections places in the person's own order; or, with `byName`, none. */
  arrangeConnections: (ids: string[], byName: boolean) => ask(() => commands.arrangeConnections(ids, byName)),
  refresh: (id: string) => ask(() => commands.refresh(id)),
  copyToken: (id: string) => ask(() => commands.copyToken(id)),
  copyAuthorizationHeader: (id: string) => ask(() => commands.copyAuthorizationHeader(id)),
  copyIdToken: (id: string) => ask(() => commands.copyIdToken(id)),
  /** Copies the token for `target` that is derived from the connection's (RFC 8693), after getting it if necessary. */
  copyDerivedToken: (id: string, target: TokenTarget) => ask(() => commands.copyDerivedToken(id, target)),
  removeDerivedToken: (id: string, derived: string) => ask(() => commands.removeDerivedToken(id, derived)),
  /** Opens the provider's page to sign out. */
  signOut: (id: string) => ask(() => commands.signOut(id)),
  /** Shows the access token in a window of the system, if the person confirms it. Returns once that is closed. */
  revealToken: (id: string) => ask(() => commands.revealToken(id)),
  disconnect: (id: string) => ask(() => commands.disconnect(id)),
  forget: (id: string) => ask(() => commands.forget(id)),
  /** With `kept`, returns the offline copy without a request to the provider. */
  projects: (id: string, kept: boolean, call: number) => ask(() => commands.projects(id, kept, call)),
  project: (id: string, project: string, kept: boolean, call: number) =>
    ask(() => commands.project(id, project, kept, call)),
  collections: (id: string) => ask(() => commands.collections(id)),
  items: (id: string, collection: string, within: string | null, kept: boolean, call: number) =>
    ask(() => commands.items(id, collection, within, kept, call)),
  /** Loads posts from the provider into the offline content. */
  loadPosts: (id: string, query: PostQuery, call: number) => ask(() => commands.loadPosts(id, query, call)),
  postPage: (id: string, query: PostQuery, offset: number, limit: number) =>
    ask(() => commands.postPage(id, query, offset, limit)),
  postMonths: (id: string, query: PostQuery) => ask(() => commands.postMonths(id, query)),
  post: (id: string, query: PostQuery, post: string) => ask(() => commands.post(id, query, post)),
  openPost: (id: string, query: PostQuery, post: string) => ask(() => commands.openPost(id, query, post)),
  copyPost: (id: string, query: PostQuery, post: string) => ask(() => commands.copyPost(id, query, post)),
  /** Exports posts to the file chosen in the system's dialog; null if cancelled. */
  exportPosts: (id: string, query: PostQuery, name: string, format: Format) =>
    ask(() => commands.exportPosts(id, query, name, format)),
  openSavedFolder: () => ask(() => commands.openSavedFolder()),
  search: (text: string) => ask(() => commands.search(text)),
  cancel: (call: number) => ask(() => commands.cancel(call)),
  /** The log, newest first; without `kinds`, of all kinds. */
  activity: (connection: string | null, search: string | null, kinds: Kind[] = []) =>
    ask(() => commands.activity(connection, search, kinds)),
  /** Saves the same entries to the file chosen in the system's dialog; null if cancelled. */
  exportActivity: (connection: string | null, search: string | null, kinds: Kind[]) =>
    ask(() => commands.exportActivity(connection, search, kinds)),
  copyText: (text: string) => ask(() => commands.copyText(text)),
  /** The API base, the known endpoints and the saved requests of a connection. */
  apiRequestPage: (id: string) => ask(() => commands.apiRequestPage(id)),
  /** Sends a request with the access token, which the host adds. */
  sendApiRequest: (id: string, draft: ApiRequestDraft, call: number) =>
    ask(() => commands.sendApiRequest(id, draft, call)),
  /** Lines of a response, at most 400. */
  responseLines: (exchange: string, layout: ResponseLayout, ranges: LineRange[]) =>
    ask(() => commands.responseLines(exchange, layout, ranges)),
  searchResponse: (exchange: string, layout: ResponseLayout, text: string) =>
    ask(() => commands.searchResponse(exchange, layout, text)),
  /** Saves a response's body to the file chosen in the system's dialog; null if cancelled. */
  saveResponse: (exchange: string) => ask(() => commands.saveResponse(exchange)),
  copyResponse: (exchange: string) => ask(() => commands.copyResponse(exchange)),
  apiRequestHistory: (id: string) => ask(() => commands.apiRequestHistory(id)),
  /** The exchanges whose headers or bodies contain a text. */
  searchApiExchanges: (id: string, text: string) => ask(() => commands.searchApiExchanges(id, text)),
  openApiExchange: (id: string, exchange: string) => ask(() => commands.openApiExchange(id, exchange)),
  deleteApiExchange: (id: string, exchange: string) => ask(() => commands.deleteApiExchange(id, exchange)),
  clearApiRequestHistory: (id: string) => ask(() => commands.clearApiRequestHistory(id)),
  /** Saves a request by name; with `replace`, instead of the one that has the name. */
  saveApiRequest: (id: string, name: string, draft: ApiRequestDraft, replace: boolean) =>
    ask(() => commands.saveApiRequest(id, name, draft, replace)),
  deleteSavedRequest: (id: string, saved: string) => ask(() => commands.deleteSavedRequest(id, saved)),
  /** The request as code that gets the token from `grapnel token`. */
  apiRequestSnippet: (id: string, draft: ApiRequestDraft, format: SnippetFormat) =>
    ask(() => commands.apiRequestSnippet(id, draft, format)),
  /** An exchange of the history as a curl command, without a secret. */
  exchangeSnippet: (id: string, exchange: string) => ask(() => commands.exchangeSnippet(id, exchange)),
  /** Settings, data folder and desktop integration state. */
  settings: () =>
    ask(() => commands.settings()) as Promise<{
      settings: Settings;
      folder: string;
      at_login: boolean;
      in_tray: boolean;
    }>,
  /** The system asks to confirm a new command or proxy. Returns null, with nothing changed, if declined. */
  changeSettings: (changes: Partial<Settings>) =>
    ask(() => commands.changeSettings(changes)) as Promise<Settings | null>,
  /** Opens the system's file dialog; null if cancelled. */
  chooseCertificates: () => ask(() => commands.chooseCertificates()) as Promise<Settings | null>,
  /** Why the proxy of the settings does not accept a connection, or null. */
  checkProxy: () => ask(() => commands.checkProxy()),
  startAtLogin: (on: boolean) => ask(() => commands.startAtLogin(on)),
  openFolder: () => ask(() => commands.openFolder()),
  hooks: () => ask(() => commands.hooks()),
  /** The system asks to confirm the command. Returns false, with nothing changed, if declined. */
  addHook: (event: ConnectionEventKind, command: string) => ask(() => commands.addHook(event, command)),
  removeHook: (id: string) => ask(() => commands.removeHook(id)),
  /** Runs a hook now, with the first connection. */
  testHook: (id: string) => ask(() => commands.testHook(id)),
  checkVault: () => ask(() => commands.checkVault()),
  protection: () => ask(() => commands.protection()),
  /** Locks a vault with a passphrase. */
  lockVault: () => ask(() => commands.lockVault()),
  /** Records that the window is used, which delays the automatic lock. */
  recordInput: () => ask(() => commands.recordInput()),
  unlock: (passphrase: string) => ask(() => commands.unlock(passphrase)),
  usePassphrase: (passphrase: string) => ask(() => commands.protectWithPassphrase(passphrase)),
  /** Deletes all encrypted values, if the key is lost. */
  resetVault: () => ask(() => commands.resetVault()),
  useKeyring: () => ask(() => commands.protectWithKeyring()),
  diagnose: () => ask(() => commands.diagnose()),
  copyDiagnosis: (diagnosis: Diagnosis) => ask(() => commands.copyDiagnosis(diagnosis)),
  about: () => ask(() => commands.about()),
  /** Opens a page in the browser. */
  openPage: (page: KnownPage) => ask(() => commands.openPage(page)),
  /** Exports to the file chosen in the system's dialog; null if cancelled. */
  exportArchive: (passphrase: string, tokens: boolean, moves: boolean) =>
    ask(() => commands.exportArchive(passphrase, tokens, moves)),
  /** Opens an exported file chosen in the system's dialog and previews the import; null if cancelled. */
  openArchive: (passphrase: string) => ask(() => commands.openArchive(passphrase)),
  importOpened: (tokens: boolean) => ask(() => commands.importArchive(tokens)),
  closeArchive: () => ask(() => commands.closeArchive()),
  /** The teams, as they were when their databases were last reached. */
  teams: () => ask(() => commands.teams()),
  /** The public key by which others invite this person. */
  teamKey: () => ask(() => commands.teamKey()),
  /** The system asks to confirm a URL that names files; null if declined. */
  createTeam: (name: string, member: string, url: string, call: number) =>
    ask(() => commands.createTeam(name, member, url, null, call)),
  invitationNeedsPassphrase: (invitation: string) => ask(() => commands.invitationNeedsPassphrase(invitation)),
  joinTeam: (invitation: string, passphrase: string | null, url: string | null, call: number) =>
    ask(() => commands.joinTeam(invitation, passphrase, url, call)),
  /** Asks a team's database for changes, and writes what is pending. */
  syncTeam: (id: string, call: number) => ask(() => commands.syncTeam(id, call)),
  /** The system asks to confirm it; null if declined. The team is read by the new URL before it is stored. */
  changeTeamUrl: (id: string, url: string, call: number) => ask(() => commands.changeTeamUrl(id, url, call)),
  /** By public key, or else with a passphrase. The system asks to confirm it; null if declined. */
  inviteMember: (id: string, person: NewMember) => ask(() => commands.inviteMember(id, person)),
  /** The system asks to confirm it; null if declined. The host holds the key, for `copyWorkerKey`. */
  inviteWorker: (id: string, name: string) => ask(() => commands.inviteWorker(id, name)),
  copyWorkerKey: () => ask(() => commands.copyWorkerKey()),
  dropWorkerKey: () => ask(() => commands.dropWorkerKey()),
  removeMember: (id: string, member: string) => ask(() => commands.removeMember(id, member)),
  leaveTeam: (id: string) => ask(() => commands.leaveTeam(id)),
  /** The system asks to confirm it. Returns false, with nothing changed, if declined. */
  shareConnection: (id: string, team: string) => ask(() => commands.shareConnection(id, team)),
  unshareConnection: (id: string) => ask(() => commands.unshareConnection(id)),
  /** What the team did with a shared connection, newest first. */
  teamActivity: (id: string, call: number) => ask(() => commands.teamActivity(id, call)),
  /** Subscribes to all events; the returned function unsubscribes. */
  listen: (heard: (event: Happening) => void) => events.coreEvent.listen((message) => heard(message.payload)),
  /** Subscribes to starts of the sandbox from outside the window; with the error if it did not start. */
  sandboxAsked: (told: (trouble: Trouble | null) => void) =>
    events.sandboxRequested.listen((message) => told(message.payload)),
  /** Subscribes to requests to show an app, from a notification. */
  appAsked: (open: (app: string) => void) => events.appRequested.listen((message) => open(message.payload)),
  /** Subscribes to requests to show a connection, for example from a notification. */
  asked: (open: (connection: string) => void) => events.connectionRequested.listen((message) => open(message.payload)),
};
