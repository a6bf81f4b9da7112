/**
 * A second identity provider: `node provider.mjs ISSUER CLIENT_ID ORIGIN`. Its sign-in form takes any name;
 * whoever signs in as "ana" has a verified e-mail address.
 */
import Provider from "oidc-provider";

const [issuer, clientId, origin] = process.argv.slice(2);
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
  conformIdTokenClaims: false,
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
  findAccount: (_context, id) => ({
    accountId: id,
    claims: () => ({ sub: id, name: id, email: `${id}@example.com`, email_verified: id === "ana" }),
  }),
  cookies: { keys: ["for these tests only"] },
});
provider.listen(Number(new URL(issuer).port), "127.0.0.1", () => process.stdout.write("ready\n"));
