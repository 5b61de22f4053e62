// The guided sign-in.

export const connect = {
  title: (app: string, provider: string) => `Connect ${app} to ${provider}`,
  again: (connection: string, provider: string) => `Connect ${connection} to ${provider} again`,
  lead: "You sign in and agree in your own browser. Grapnel never sees your password.",
  leadEither: "You sign in and agree in your own browser, where Grapnel does not see your password.",
  appChosen: "App chosen",
  appSecret: (app: string) => `${app}. Its client secret stays in the vault.`,
  appNoSecret: (app: string) => `${app}. It has no client secret.`,
  redirect: "Redirect URI chosen",
  registerIt: (provider: string) => `It must be registered with ${provider}, exactly like this.`,
  tryingBack: "Trying the way back",
  tryingBackText: "Grapnel opens a link to itself, as the browser will.",
  lostBack: "A link does not come back to Grapnel",
  cameBack: "A link comes back to Grapnel",
  goOn: "Go on anyway",
  byPort: "Use a port of this computer",
  byPortText: "A port is another redirect URI, which the provider may want registered.",
  nowByPort: (provider: string) =>
    `Callbacks come to a port of this computer now. If ${provider} asks for a redirect URI, register this one before you go on; Grapnel adds the port.`,
  noPkce: (provider: string) =>
    `${provider} takes no PKCE: whoever sees the code on its way back to Grapnel can use it. Connect on a computer that you do not share.`,
  noClient: (provider: string) =>
    `${provider} knows no registered apps either: any program or site can ask you to sign in there, and is sent the code.`,
  cancelOther: (app: string) => `Cancel the sign-in of ${app} and go on`,
  nothingYet: "Nothing has come back yet. Look at the page in the browser:",
  ifClient: (provider: string) =>
    `If it complains about the client, compare this Client ID with the one at ${provider}:`,
  ifRedirect: (provider: string) => `If it complains about the redirect URI, register this one with ${provider}:`,
  ifLost: {
    deep_link:
      "If it stays where it is or Grapnel does not open, copy the whole address from the browser’s address bar and paste it below.",
    loopback:
      "If the browser cannot reach this computer’s port, copy the whole address from its address bar and paste it below.",
    paste:
      "If it shows an error after you agreed, that does not matter: copy the whole address from the address bar and paste it here.",
  },
  copyClient: "Copy Client ID",
  open: "Open the sign-in page",
  openText: (provider: string) =>
    `${provider} asks you in the browser which projects Grapnel may use, and brings you back here.`,
  openAny: (provider: string) => `${provider} asks you in the browser whether Grapnel may use your account.`,
  backBy: {
    deep_link: "It brings you back here.",
    loopback: "After that the browser comes back to a port of this computer, where Grapnel listens.",
    paste: "After that, copy the address that you were sent to and paste it here.",
  },
  opening: "Opening the sign-in page",
  openFailed: "The sign-in page did not open",
  opened: "Sign-in page opened",
  openedAt: (clock: string) => `In your browser, at ${clock}.`,
  start: "Connect in the browser",
  starting: "Starting…",
  waiting: "Waiting for you in the browser",
  waitingText: (until: string, span: string) =>
    `Choose the projects, then press Authorize. This window goes on by itself. It waits until ${until}, ${span}.`,
  waitingAny: {
    deep_link: "Sign in and agree there. This window goes on by itself.",
    loopback:
      "Sign in and agree there. The browser comes back to a port of this computer, and this window goes on by itself.",
    paste:
      "Sign in and agree there. Then copy the address that you were sent to, from the browser’s address bar, and paste it here.",
  },
  waitsUntil: (until: string, span: string) => `Grapnel waits until ${until}, ${span}.`,
  /** What is peculiar to waiting for a provider, by its id. */
  peculiar: { grindery: "Grindery tells nobody when you cancel there: cancel here as well." } as Record<
    string,
    string | undefined
  >,
  pasteInstead: "Paste the address instead",
  pasted: "Address you were sent to",
  pastedNote:
    "All of it, as the browser’s address bar has it. The page itself may show an error; that does not matter.",
  use: "Submit",
  using: "Checking…",
  anotherAccount: "Use another account",
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
    `You signed in as ${signed_in}, but “${connection}” belongs to ${account}. “${connection}” was not changed. The new sign-in was saved as “${kept_as}”.`,
  replace: (connection: string) => `Replace the account of ${connection}`,
  keepBoth: "Keep both",
  discard: "Discard the new sign-in",
  sameAccount: "Same account",
  sameAccountText: (names: string) => `The account that you signed in with is also connected as ${names}.`,
  passwordInstead: "Sign in with email and password instead",
  passwordStep: "Sign in with email and password",
  passwordSent: "Email and password sent",
  passwordGone: "Grapnel has kept neither.",
  browserInstead: "Use the browser instead",
  passwordWarning: (host: string) =>
    `Grapnel sends email and password to ${host} once, and keeps neither. Do this only where the browser cannot be used.`,
  email: "Email",
  password: "Password",
  signIn: "Sign in",
  signingIn: "Signing in…",
  answered: "You agreed in the browser",
  copyLink: "Copy link",
  openAgain: "Open again",
  otherBrowser: "Open in another browser",
  notOpened: "Not opened",
  otherBrowserNote: "Such as another profile; the address comes last. The connection keeps it for the next time.",
  openThere: "Open there",
  exchange: "Exchange the code for tokens",
  exchanged: "Tokens received",
  exchanging: (provider: string) => `Grapnel is asking ${provider} for the tokens.`,
  identify: "See who you are and what was granted",
  identified: "Signed in",
  identifying: (provider: string) => `Grapnel is asking ${provider} whose tokens these are.`,
  done: "Connected",
  denied: (provider: string) => `You said no at ${provider}`,
  deniedText: "Nothing was changed, and no token exists.",
  cancelled: "Cancelled",
  cancelledText: "Nothing was changed, and no token exists.",
  timedOut: "Nobody answered in time",
  timedOutText: (clock: string) => `Grapnel stopped waiting at ${clock}. Nothing was changed, and no token exists.`,
  failed: "The sign-in failed",
  gone: "This sign-in is over",
  inside: "What is happening",
  notSent: "Nothing was sent yet.",
  notSentYet: "not sent",
  asking: "Asking for permission",
  askingByPassword: "Signing in with email and password",
  answerByPassword: "In the answer",
  comingBack: "Coming back",
  exchangingCode: "Exchanging the code",
  identifyingYou: "Asking who you are",
  sentAt: (clock: string) => `sent ${clock}`,
  listening: "listening now",
  toPaste: "waits to be pasted",
  toCome: "to come",
  arrived: "arrived",
  answer: "Response",
  hidden: (what: string) => `hidden, ${what}`,
};
