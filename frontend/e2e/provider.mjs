/**
 * A second identity provider: `node provider.mjs ISSUER CLIENT_ID ORIGIN AUDIENCE`. Its sign-in form takes any
 * name; whoever signs in as "ana" has a verified e-mail address. It knows one API, for which it gives access tokens.
 */
import Provider, { errors } from "oidc-provider";

const [issuer, clientId, origin, audience] = process.argv.slice(2);
const provider = new Provider(issuer, {
  clients: [
    {
      client_id: clientId,
      token_endpoint_auth_method: "none",
      redirect_uris: [`${origin}/auth/callback`],
      post_logout_redirect_uris: [`${origin}/signed-out`],
    },
  ],
  clientBasedCORS: (_context, asked) => asked === origin,
  features: {
    resourceIndicators: {
      enabled: true,
      useGrantedResource: () => true,
      getResourceServerInfo: (_context, asked) => {
        if (asked !== audience) throw new errors.InvalidTarget();
        return { scope: "openid email profile", audience, accessTokenFormat: "jwt" };
      },
    },
  },
  conformIdTokenClaims: false,
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
  findAccount: (_context, id) => ({
    accountId: id,
    claims: () => ({ sub: id, name: id, email: `${id}@example.com`, email_verified: id === "ana" }),
  }),
  cookies: { keys: ["for these tests only"] },
});
provider.listen(Number(new URL(issuer).port), "127.0.0.1", () => process.stdout.write("ready\n"));
