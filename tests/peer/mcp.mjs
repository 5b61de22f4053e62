// An MCP server from the protocol's own SDK, on a free port of this machine. It takes the access tokens of the
// authorization server in `server.mjs`, and publishes its protected resource metadata (RFC 9728).
import { once } from 'node:events';
import { createServer } from 'node:http';
import express from 'express';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js';
import { InvalidTokenError } from '@modelcontextprotocol/sdk/server/auth/errors.js';
import {
  getOAuthProtectedResourceMetadataUrl, mcpAuthMetadataRouter,
} from '@modelcontextprotocol/sdk/server/auth/router.js';

export const start = async (issuer) => {
  const app = express();
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const resource = new URL(`http://127.0.0.1:${server.address().port}/mcp`);
  const keys = createRemoteJWKSet(new URL(`${issuer}/jwks`));
  const verifier = {
    verifyAccessToken: async (token) => {
      try {
        const { payload } = await jwtVerify(token, keys, { issuer, audience: resource.href });
        const { client_id: clientId, scope = '', exp: expiresAt } = payload;
        return { token, clientId, scopes: scope.split(' '), expiresAt, resource };
      } catch (error) {
        throw new InvalidTokenError(error.message);
      }
    },
  };
  const needs = (...requiredScopes) => requireBearerAuth({
    verifier,
    requiredScopes,
    resourceMetadataUrl: getOAuthProtectedResourceMetadataUrl(resource),
    expectedResource: resource,
  });
  const answer = async (request, response) => {
    const mcp = new McpServer({ name: 'peer', version: '1.0.0' });
    const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined, enableJsonResponse: true });
    response.on('close', () => mcp.close());
    await mcp.connect(transport);
    await transport.handleRequest(request, response, request.body);
  };
  const metadata = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
  app.use(mcpAuthMetadataRouter({
    oauthMetadata: metadata,
    resourceServerUrl: resource,
    scopesSupported: ['mcp:tools', 'mcp:admin'],
    resourceName: 'Peer tools',
  }));
  app.use(express.json());
  app.all('/mcp', needs('mcp:tools'), answer);
  // A part of it that needs more.
  app.all('/mcp/admin', needs('mcp:tools', 'mcp:admin'), answer);
  return resource.href;
};
