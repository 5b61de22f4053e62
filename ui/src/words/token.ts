// The Token tab.

import type { Unverified } from "../host";
import { count } from "./number";
import { whenSpan } from "./time";

export const token = {
  noTokens: "No tokens: this connection is disconnected.",
  tokens: "Tokens",
  type: "Type",
  bound: "Token type",
  boundTo: "DPoP (bound to a key of this connection), thumbprint",
  certificateBound: "Bearer, bound to the app’s certificate (mTLS), thumbprint",
  jwt: "JWT (decoded below)",
  opaque: (provider: string) => `Opaque (only ${provider} can read it)`,
  lifetime: (span: string) => `, lifetime ${span}`,
  nextRefresh: "Next refresh",
  automatic: ", automatic",
  dueNow: "due now",
  notByTeam: "Not while the team can’t be used",
  whenRejected: "When the API rejects the access token: its expiry isn’t known",
  afterReconnect: "None until you reconnect",
  never: "never (no refresh token)",
  source: { token_claim: "from the token’s exp claim", introspection: "from introspection" },
  refreshExpires: "Refresh token expires",
  refreshEndIsFixed: "Refreshing doesn’t extend it.",
  none: "None",
  notNeeded: "None needed: the app requests a new token with its own credentials",
  fingerprintNote: "Fingerprint: the first 8 hex digits of the token’s SHA-256, for comparing tokens.",
  compared: "Introspection",
  checkedAt: "checked",
  notIntrospected: (provider: string) =>
    `Not introspected: ${provider} has no introspection endpoint, or wasn’t asked yet.`,
  about: { scopes: "Scopes", projects: "Projects", end: "Expires" },
  same: "match",
  sameCount: (n: number) => (n === 0 ? "none" : `${n} of ${n} match`),
  differ: "differ",
  here: "in Grapnel",
  there: (provider: string) => `at ${provider}`,
  onlyHere: "Only in Grapnel:",
  onlyThere: (provider: string) => `Only at ${provider}:`,
  reply: "Last token response",
  replyOf: (provider: string) => `Last token response from ${provider}, secrets masked`,
  status: (status: number, type: string) => [status, type].filter(Boolean).join(", "),
  replyNote: "Secrets are masked.",
  copyReply: "Copy masked response",
  history: "Refresh history",
  times: (n: number) => (n === 0 ? "none yet" : count(n, "time", "times")),
  noHistory: "Not refreshed yet.",
  actions: "Access token",
  copy: "Copy",
  copyHeader: "Copy as header",
  copyCurl: "Copy curl",
  reveal: "Reveal…",
  revealOnLinuxOnly: "Grapnel shows a token on the screen only on Linux.",
  script: "Use in a script",
  scriptUse: { token: "Print the token", exec: "Run a command with the token", api: "Send a request to the API" },
  scriptNote: "Each command gets a valid access token when it runs; none has the token in it.",
  copyCommand: (use: string) => `Copy command: ${use}`,
  derived: "Derived tokens",
  derivedNote:
    "Tokens for other services or with fewer scopes, exchanged for this connection’s access token (RFC 8693).",
  sameService: "Same service",
  expiresAt: (at: string, now: Date) => `Expires ${whenSpan(at, now)}`,
  derivedExpired: "Expired: the next use gets a new one",
  ofType: (type: string) => `, ${type.replaceAll("_", " ")}`,
  copyDerived: (service: string) => `Copy the token for ${service}`,
  removeDerived: (service: string) => `Remove the token for ${service}`,
  removeDerivedText: (provider: string) =>
    `Grapnel deletes it, and revokes it if ${provider} supports that. The connection’s own tokens stay.`,
  removeDerivedAction: "Remove token",
  getDerived: "Get a token for another service",
  audience: "Audience",
  audienceNote: "The service’s name, as the provider knows it.",
  resource: "Resource",
  resourceNote: "Or its URL.",
  derivedScopesNote: "Separated by spaces. If blank, the provider chooses.",
  getAndCopy: "Get and copy",
  gettingDerived: "Exchanging…",
  usedBy: "Used by",
  notUsed: "No program was handed the access token recently.",
  decoded: { access: "Access token", refresh: "Refresh token", id: "ID token" },
  idNote: "Tells other programs who signed in. It is no credential for an API.",
  idExpired: "It has expired, and is issued anew at a sign-in only.",
  copyIdToken: "Copy ID token",
  header: "Header",
  payload: "Payload",
  signature: "Signature",
  verified: "verified",
  notVerified: "not verified",
  more: (n: number) => `… (${count(n, "more character", "more characters")})`,
  moreClaims: (n: number) => `${count(n, "more claim", "more claims")} not shown`,
  signatureOf: (alg: string, bytes: string) => `${[alg, `${bytes} bytes`].filter(Boolean).join(", ")}.`,
  verifiedWith: (key: string | null) =>
    key === null
      ? "Verified with a key from the app’s JWKS URL."
      : `Verified with the key “${key}” from the app’s JWKS URL.`,
  unverified: (why: Unverified): string => {
    switch (why.reason) {
      case "no_keys_url":
        return "Not verified: the app has no JWKS URL, so there is no key to check it with.";
      case "keys_unreadable":
        return `Not verified: the keys at the app’s JWKS URL couldn’t be read: ${why.detail}.`;
      case "not_signed":
        return "The token isn’t signed (alg none): anyone could have written it.";
      case "shared_secret":
        return `Not verified: ${why.alg} uses a secret that only the provider has.`;
      case "unsupported":
        return `Not verified: Grapnel doesn’t support ${why.alg}.`;
      case "critical":
        return "Not verified: the header requires extensions (crit) that Grapnel doesn’t support.";
      case "no_such_key":
        return `Not verified: the app’s JWKS URL has no key “${why.kid}” for ${why.alg}; it may have been replaced.`;
      case "no_key":
        return `Not verified: the app’s JWKS URL has no key for ${why.alg}.`;
      case "bad_signature":
        return "The signature is wrong: it doesn’t match the provider’s key. Don’t rely on these claims.";
      case "keys_not_fetched":
        return "Not verified: it came with a refresh or from a file. Refresh now to check it.";
      case "not_checked":
        return "Not verified: only the provider reads a refresh token, so Grapnel fetches no key for it.";
    }
  },
  /** Of a record of an earlier version. */
  unverifiedBecause: (why: string | null) => (why ? `Not verified: ${why}.` : "Not verified."),
  headerMember: {
    alg: "Signature algorithm.",
    kid: "Which of the issuer’s keys signed it.",
    typ: "Media type, to tell kinds of tokens apart.",
  } as Record<string, string | undefined>,
  /** Claims: name and meaning (RFC 7519, RFC 8693, RFC 9068, OpenID Connect Core). */
  claim: {
    iss: ["Issuer", "Who issued the token."],
    sub: ["Subject", "Whom the token is about: the account’s ID at the issuer."],
    aud: ["Audience", "For whom the token is meant; others must reject it."],
    exp: ["Expires", "From then on the token must be rejected."],
    nbf: ["Not before", "Until then the token must be rejected."],
    iat: ["Issued", "When the token was issued."],
    jti: ["Token ID", "Identifies this token, so that it can be revoked or used only once."],
    azp: ["Authorized party", "The client that the token was issued to."],
    client_id: ["Client ID", "The client that requested the token."],
    scope: ["Scopes", "What the token permits."],
    scp: ["Scopes", "What the token permits."],
    nonce: ["Nonce", "Ties the ID token to the sign-in that requested it."],
    at_hash: ["Access token hash", "Ties the ID token to the access token issued with it."],
    c_hash: ["Code hash", "Ties the ID token to the authorization code."],
    auth_time: ["Authenticated", "When the person last signed in at the issuer."],
    acr: ["Authentication class", "How strongly the person was authenticated."],
    amr: ["Authentication methods", "How the person was authenticated, such as pwd or otp."],
    sid: ["Session ID", "The session at the issuer, for signing out."],
    act: ["Actor", "Who acts on behalf of the subject."],
    cnf: ["Confirmation", "The key that the sender must prove to have."],
    name: ["Name", "The person’s full name."],
    preferred_username: ["User name", "What the person likes to be called; may change."],
    email: ["Email", "The person’s email address; may change."],
    email_verified: ["Email verified", "Whether the issuer checked that the address is the person’s."],
    updated_at: ["Updated", "When the person’s profile was last changed."],
    roles: ["Roles", "The person’s roles at the resource."],
    groups: ["Groups", "The groups that the person belongs to."],
    tid: ["Tenant ID", "The organization at Microsoft Entra."],
    oid: ["Object ID", "The account’s ID in its organization."],
  } as Record<string, [string, string] | undefined>,
};
