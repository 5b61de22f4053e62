// A certified authorization server on a free port of this machine, for the tests. What it holds is in memory. With the
// argument `mcp`, an MCP server that takes its tokens runs beside it. With `mtls=DIRECTORY`, clients with a TLS
// certificate (RFC 8705) reach it at a second address, whose key and authority are in that directory.
//
// Standard output has a line of JSON when it is ready (`issuer`, `clients`, `mcp`), and one for each token that it
// issues and each request that it refuses (`event`). It ends when its standard input does.
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { generateKeyPair, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';

// It warns of what is meant here: its own sign-in pages, no TLS, and a Node that it was not tried with.
console.warn = () => {};
console.info = () => {};
const { Provider } = await import('oidc-provider');

const tell = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

const native = {
  application_type: 'native',
  // Without a port, which stands for any (RFC 8252 §7.3); and a private-use scheme (§7.1).
  redirect_uris: ['http://127.0.0.1/callback', 'dev.grapnel.desktop:/oauth/callback'],
  grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
  response_types: ['code'],
  authorization_details_types: ['account_information', 'payment_initiation'],
};

const clients = [
  {
    ...native,
    // Characters that HTTP Basic needs encoded (RFC 6749 §2.3.1).
    client_id: 'confidential:client/1',
    client_secret: `a+b/c:d%e&f=${randomBytes(16).toString('base64')}`,
    token_endpoint_auth_method: 'client_secret_basic',
  },
  { ...native, client_id: 'public', token_endpoint_auth_method: 'none' },
  {
    // A service of its own, without a person.
    client_id: 'service',
    client_secret: randomBytes(24).toString('base64'),
    token_endpoint_auth_method: 'client_secret_basic',
    redirect_uris: [],
    response_types: [],
    grant_types: ['client_credentials'],
    authorization_details_types: ['account_information'],
    scope: 'notes:read',
  },
];

const claims = (sub) => ({ sub, name: 'Ada Peer', email: `${sub}@example.org`, email_verified: true });

const jwk = async (kid, alg, type, options) => {
  const { privateKey } = await promisify(generateKeyPair)(type, options);
  return { ...privateKey.export({ format: 'jwk' }), kid, alg, use: 'sig' };
};

// What it grants of authorization details (RFC 9396): a payment gets the account that the person pays from (§7.1).
const ofPolicy = (details) =>
  details?.map((one) =>
    one.type === 'payment_initiation' ? { ...one, debtorAccount: { iban: 'DE40100100103307118608' } } : one,
  );

const configuration = {
  clients,
  jwks: {
    keys: await Promise.all([
      jwk('rsa', 'RS256', 'rsa', { modulusLength: 2048 }),
      jwk('ec', 'ES256', 'ec', { namedCurve: 'P-256' }),
    ]),
  },
  cookies: { keys: [randomBytes(32).toString('hex')] },
  claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'] },
  // Opaque tokens go to userinfo; what is issued for a resource is a JWT, and goes only there.
  scopes: ['openid', 'offline_access', 'notes:read', 'mcp:tools', 'mcp:admin'],
  findAccount: (_, sub) => ({ accountId: sub, claims: () => claims(sub) }),
  rotateRefreshToken: true,
  clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt', 'none'],
  features: {
    devInteractions: { enabled: true },
    deviceFlow: { enabled: true },
    clientCredentials: { enabled: true },
    // For whoever sends a proof: its nonce must be this server's, and new every few minutes.
    dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true },
    introspection: { enabled: true },
    pushedAuthorizationRequests: { enabled: true },
    registration: { enabled: true },
    registrationManagement: { enabled: true },
    requestObjects: { enabled: true },
    revocation: { enabled: true },
    userinfo: { enabled: true },
    rpInitiatedLogout: { enabled: true },
    jwtResponseModes: { enabled: true },
    richAuthorizationRequests: {
      enabled: true,
      types: { account_information: { validate() {} }, payment_initiation: { validate() {} } },
      authorizationDetailsForGrantSource: (ctx) => ofPolicy(JSON.parse(ctx.oidc.params.authorization_details)),
      authorizationDetailsForAccessToken: (ctx, _, source) =>
        source?.rar ?? ofPolicy(JSON.parse(ctx.oidc.params.authorization_details)),
      authorizationDetailsForIntrospection: (_, token) => token.rar,
    },
    resourceIndicators: {
      enabled: true,
      useGrantedResource: () => true,
      getResourceServerInfo: (_, resource) => ({
        scope: 'notes:read mcp:tools mcp:admin',
        audience: resource,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
  ttl: {
    AccessToken: 3600,
    AuthorizationCode: 60,
    ClientCredentials: 600,
    DeviceCode: 300,
    Grant: 86400,
    IdToken: 600,
    Interaction: 600,
    RefreshToken: 86400,
    Session: 3600,
  },
};

// Every client may present a certificate; it is for the authorization server to say whether it must.
const directory = process.argv.find((argument) => argument.startsWith('mtls='))?.slice('mtls='.length);
const secure = directory && createSecureServer({
  ca: readFileSync(`${directory}/ca.pem`),
  cert: readFileSync(`${directory}/server.pem`),
  key: readFileSync(`${directory}/server-key.pem`),
  requestCert: true,
  rejectUnauthorized: process.argv.includes('strict'),
}).listen(0, '127.0.0.1');
if (secure) {
  await once(secure, 'listening');
  const at = (path) => `https://127.0.0.1:${secure.address().port}${path}`;
  configuration.clientAuthMethods.push('tls_client_auth', 'self_signed_tls_client_auth');
  configuration.discovery = {
    mtls_endpoint_aliases: {
      token_endpoint: at('/token'),
      revocation_endpoint: at('/token/revocation'),
      introspection_endpoint: at('/token/introspection'),
      userinfo_endpoint: at('/me'),
      device_authorization_endpoint: at('/device/auth'),
      pushed_authorization_request_endpoint: at('/request'),
    },
  };
  configuration.features.mTLS = {
    enabled: true,
    certificateBoundAccessTokens: true,
    selfSignedTlsClientAuth: true,
    tlsClientAuth: true,
    getCertificate: (ctx) => ctx.socket.getPeerX509Certificate?.(),
    certificateAuthorized: (ctx) => ctx.socket.authorized,
    // As RFC 4514 writes it: the last part first.
    certificateSubjectMatches: (ctx, _, expected) =>
      ctx.socket.getPeerX509Certificate().subject.split('\n').reverse().join(',') === expected,
  };
}

const server = createServer().listen(0, '127.0.0.1');
await once(server, 'listening');
const issuer = `http://127.0.0.1:${server.address().port}`;
const provider = new Provider(issuer, configuration);

// An operator deletes a client.
provider.use(async (ctx, next) => {
  if (ctx.path !== '/operator/delete') return next();
  await provider.Client.adapter.destroy(ctx.query.client);
  ctx.status = 204;
});

for (const kind of ['access_token', 'refresh_token', 'client_credentials']) {
  for (const how of ['saved', 'issued']) {
    provider.on(`${kind}.${how}`, (token) => tell({ event: `${kind}.issued`, value: token.jti }));
  }
}
provider.on('registration_create.success', (_, { clientId }) => tell({ event: 'client.registered', value: clientId }));
provider.on('registration_delete.success', (_, { clientId }) => tell({ event: 'client.deleted', value: clientId }));
const places = ['authorization', 'device_authorization', 'pushed_authorization_request', 'grant'];
const others = ['registration_create', 'introspection', 'revocation', 'userinfo', 'jwks', 'discovery'];
for (const place of [...places, ...others]) {
  provider.on(`${place}.error`, (_, { error, error_description: description }) =>
    tell({ event: `${place}.error`, error, description }));
}
provider.on('server_error', (_, error) => {
  tell({ event: 'server_error', error: 'server_error', description: String(error.stack) });
});

server.on('request', provider.callback());
secure?.on('request', provider.callback());
// Which endpoints a client used with a certificate, and which without.
for (const one of secure ? [server, secure] : []) {
  one.prependListener('request', ({ url, socket }) =>
    tell({
      event: 'asked',
      path: url.split('?')[0],
      secure: one === secure,
      certificate: socket.getPeerX509Certificate?.()?.subject ?? null,
    }));
}
process.stdin.resume().on('end', () => process.exit());
const mcp = process.argv.includes('mcp') ? await (await import('./mcp.mjs')).start(issuer) : undefined;
const second = secure && `https://127.0.0.1:${secure.address().port}`;
const told = clients.map(({ client_id: id, client_secret: secret }) => ({ id, secret }));
tell({ issuer, mcp, secure: second, clients: told });
