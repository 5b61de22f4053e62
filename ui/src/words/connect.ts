// The guided sign-in.

import { of } from "./number";

export const connect = {
  title: (app: string, provider: string) => (app === provider ? `Connect ${app}` : `Connect ${app} to ${provider}`),
  again: (connection: string, provider: string) =>
    connection === provider ? `Reconnect ${connection}` : `Reconnect ${connection} to ${provider}`,
  lead: "You sign in and approve access in your browser. Grapnel never sees your password.",
  leadEither: "You sign in and approve access in your browser, where Grapnel doesn’t see your password.",
  leadDevice: "You enter a code on the provider’s page, on this computer or any other device.",
  leadClient: "The app gets an access token for itself. No person signs in, and no browser opens.",
  device: "Get a code",
  deviceText: (provider: string) =>
    `${provider} gives a code. You enter it on its page, on this computer or any other device.`,
  deviceStart: "Get a code",
  deviceInstead: "Sign in on another device",
  deviceWaiting: "Waiting for your approval",
  deviceDone: "Approved",
  deviceCode: "Your code",
  deviceAt: "Open this address on any device, and enter the code:",
  deviceScan: "Or scan:",
  deviceQr: (link: string) => `QR code for ${link}`,
  deviceUnsafe:
    "This isn’t an https address, so Grapnel doesn’t open it. Compare it with the provider’s documentation first.",
  deviceOpen: "Open in browser",
  deviceCopyCode: "Copy code",
  deviceCopyAddress: "Copy address",
  deviceLeft: (span: string) => `The code expires in ${span}.`,
  deviceOver: (clock: string) => `The code expired at ${clock}. Nothing changed, and no tokens were issued.`,
  deviceTokens: "Receive tokens",
  askingDevice: "Device authorization request",
  approval: "Your approval",
  approvalToCome: "waiting for you",
  polling: "repeated until you approve",
  token: "Request an access token",
  tokenText: (provider: string) =>
    `Grapnel sends the app’s own credentials to ${provider}, and asks anew before each token expires.`,
  tokenStart: "Request token",
  tokenDone: "Access token received",
  appSelected: "App selected",
  appSecret: (app: string) => `${app}. Its client secret stays in the vault.`,
  appNoSecret: (app: string) => `${app}. It has no client secret.`,
  redirect: "Redirect URI",
  registerIt: (provider: string) => `It must be registered with ${provider} exactly as shown.`,
  testingLink: "Testing the deep link",
  testingLinkText: "Opening a test link, as your browser will.",
  linkFails: "Deep links don’t open Grapnel",
  linkWorks: "Deep links open Grapnel",
  continueAnyway: "Continue anyway",
  useLoopback: "Use loopback (127.0.0.1)",
  useLoopbackText: "Loopback uses another redirect URI, which you may have to register with the provider.",
  nowLoopback: (provider: string) =>
    `The redirect URI is now on 127.0.0.1. If ${provider} requires registered redirect URIs, ` +
    `register this one before you continue; Grapnel adds the port.`,
  noPkce: (provider: string) =>
    `${provider} doesn’t support PKCE: anyone who intercepts the authorization code can use it. ` +
    `Connect only on a computer that you don’t share.`,
  noClient:
    "It has no client registration either: any program or site can ask you to sign in there and receive the code.",
  cancelOther: (app: string) => `Cancel the sign-in for ${app} and continue`,
  nothingYet: "No response yet. Check the page in your browser:",
  ifClient: (provider: string) =>
    `If it reports an invalid client, compare this Client ID with the one at ${provider}:`,
  ifRedirect: (provider: string) => `If it reports an invalid redirect URI, register this one with ${provider}:`,
  ifLost: {
    deep_link:
      "If the page is empty, click into the address bar and press Enter: your browser then asks to open Grapnel. " +
      "If that doesn’t help, copy the full URL from the address bar and paste it below.",
    loopback: "If the browser can’t reach 127.0.0.1, copy the full URL from its address bar and paste it below.",
    paste:
      "If it shows an error after you approve access, copy the full URL from the address bar anyway and paste it here.",
  },
  copyClient: "Copy Client ID",
  open: "Open the sign-in page",
  openText: (provider: string) =>
    `In the browser, ${provider} asks which projects Grapnel may access. You’ll return here automatically.`,
  openAny: (provider: string) => `In the browser, ${provider} asks whether Grapnel may access your account.`,
  backBy: {
    deep_link: "You’ll return here automatically.",
    loopback: "Your browser is then redirected to 127.0.0.1, where Grapnel is listening.",
    paste: "Then copy the URL you end up on and paste it here.",
  },
  opening: "Opening the sign-in page",
  openFailed: "The sign-in page didn’t open",
  opened: "Sign-in page opened",
  openedAt: (clock: string) => `In your browser at ${clock}.`,
  start: "Connect",
  starting: "Starting…",
  waiting: "Waiting for you in the browser",
  waitingText: (until: string, span: string) =>
    `Choose the projects and authorize. This window continues automatically. ${connect.waitsUntil(until, span)}`,
  waitingAny: {
    deep_link: "Sign in and approve access there. This window continues automatically.",
    loopback:
      "Sign in and approve access there. The browser is redirected to 127.0.0.1; this window continues automatically.",
    paste: "Sign in and approve access there. Then copy the URL from the browser’s address bar and paste it here.",
  },
  waitsUntil: (until: string, span: string) => `Times out at ${until}, in ${span}.`,
  /** Extra notes while waiting for a provider, by its ID. */
  peculiar: { grindery: "Grindery doesn’t report cancellations. If you cancel there, cancel here too." } as Record<
    string,
    string | undefined
  >,
  pasteInstead: "Paste the URL instead",
  pasted: "Redirect URL",
  pastedNote: "The full URL from the browser’s address bar. The page itself may show an error; ignore it.",
  use: "Use this URL",
  using: "Checking…",
  anotherAccount: "Use another account",
  options: "Sign-in options",
  optionsNote: "For this sign-in only. What is left blank stays as the app has it.",
  loginHint: "Account",
  prompt: "Prompt",
  prompts: {
    "": "As the provider chooses",
    login: "Sign in again (login)",
    consent: "Ask for consent again (consent)",
    "login consent": "Both (login consent)",
    select_account: "Choose an account (select_account)",
    create: "Create an account (create)",
    none: "No question at all (none)",
  },
  maxAge: "Maximum age of the authentication",
  maxAgeNote: "In seconds (max_age). If you signed in at the provider longer ago, it asks again.",
  acrValues: "Authentication classes",
  acrValuesNote: "The preferred ones, separated by spaces (acr_values), such as those with a second factor.",
  otherTitle: "Another account signed in",
  otherText: ({
    signed_in,
    connection,
    account,
    kept_as,
  }: {
    signed_in: string;
    connection: string;
    account: string;
    kept_as: string;
  }) =>
    `You signed in as ${signed_in}, but “${connection}” belongs to ${account}. ` +
    `“${connection}” was not changed. The new sign-in was stored as “${kept_as}”.`,
  replace: (connection: string) => `Replace ${of(connection)} account`,
  keepBoth: "Keep both",
  discard: "Discard the new sign-in",
  sameAccount: "Same account",
  sameAccountText: (names: string) => `The account you signed in with is also connected as ${names}.`,
  passwordInstead: "Sign in with email and password instead",
  passwordStep: "Sign in with email and password",
  passwordSent: "Email and password sent",
  passwordGone: "Neither was stored.",
  browserInstead: "Use the browser instead",
  passwordWarning: (host: string) =>
    `Grapnel sends your email and password to ${host} once and stores neither. ` +
    "Use this only if you can’t use a browser.",
  email: "Email",
  password: "Password",
  signIn: "Sign in",
  signingIn: "Signing in…",
  answered: "Authorization code received",
  answeredError: "The provider answered with an error",
  copyLink: "Copy link",
  openAgain: "Open again",
  otherBrowser: "Open in another browser",
  notOpened: "Not opened",
  otherBrowserNote: "For example another browser profile. The URL is appended. Remembered for this connection.",
  openThere: "Open there",
  exchange: "Exchange code for tokens",
  exchanged: "Tokens received",
  exchanging: (provider: string) => `Requesting tokens from ${provider}…`,
  identify: "Fetch account and scopes",
  identified: "Signed in",
  identifying: (provider: string) => `Fetching your account from ${provider}…`,
  done: "Connected",
  denied: "Access denied",
  deniedText: (provider: string) => `Access was denied at ${provider}. Nothing changed, and no tokens were issued.`,
  cancelled: "Cancelled",
  cancelledText: "Nothing changed, and no tokens were issued.",
  timedOut: "Timed out",
  timedOutText: (clock: string) => `No response by ${clock}. Nothing changed, and no tokens were issued.`,
  failed: "Sign-in failed",
  gone: "This sign-in has ended",
  inside: "Request log",
  notSent: "Nothing sent yet.",
  notSentYet: "not sent",
  asking: "Authorization request",
  askingByPassword: "Password sign-in request",
  answerByPassword: "Code in the response",
  callback: "Callback",
  exchangingCode: "Token request",
  pushing: "Pushed authorization request",
  sentAt: (clock: string) => `sent ${clock}`,
  listening: "listening",
  toPaste: "waiting for paste",
  toCome: "pending",
  arrived: "received",
  answer: "Response",
  hidden: (what: string) => `hidden, ${what}`,
};
