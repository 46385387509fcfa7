// FranceConnect's engine (npm's oidc-provider), set up as FranceConnect documents its own.
//
// Its one argument is JSON: `port`; `level` (above eidas1, it is a FranceConnect+); `signing_alg`;
// `client`, OpenID client metadata on top of what every client has here; `person`, the claims of
// the only resident. All is in memory: each start has new keys and no session, yet the same
// `sub`s. It ends with its standard input, so that it never outlives whoever started it.
import { createHash, generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const MOUNT = '/api/v2';
const RESIDENT = 'resident';
const PIVOT = ['given_name', 'family_name', 'birthdate', 'gender', 'birthplace', 'birthcountry'];

const { port, level, signing_alg: alg, client, person } = JSON.parse(process.argv[2]);
const issuer = `http://127.0.0.1:${port}${MOUNT}`;
const isPlus = level !== 'eidas1';

function signingKey() {
  const { privateKey } = alg === 'ES256'
    ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
    : generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg };
}

const provider = new Provider(issuer, {
  acrValues: isPlus ? ['eidas2', 'eidas3'] : ['eidas1'],
  claims: {
    amr: null,
    openid: ['sub'],
    identite_pivot: isPlus ? PIVOT : [...PIVOT, 'given_name_array'],
    preferred_username: ['preferred_username'],
    email: ['email'],
  },
  clientAuthMethods: ['client_secret_post'],
  clients: [{
    grant_types: ['authorization_code'],
    response_types: ['code'],
    subject_type: 'pairwise',
    token_endpoint_auth_method: 'client_secret_post',
    id_token_signed_response_alg: alg,
    userinfo_signed_response_alg: alg,
    require_auth_time: true,
    ...client,
  }],
  cookies: { keys: ['for-tests-only'] },
  enabledJWA: { idTokenSigningAlgValues: [alg], userinfoSigningAlgValues: [alg] },
  features: {
    claimsParameter: { enabled: true },
    devInteractions: { enabled: false },
    encryption: { enabled: isPlus },
    jwtUserinfo: { enabled: true },
    pushedAuthorizationRequests: { enabled: false },
    revocation: { enabled: true },
    rpInitiatedLogout: { enabled: true, logoutSource: showSignOut },
  },
  findAccount: (ctx, accountId) => ({ accountId, claims: () => ({ ...person, sub: accountId }) }),
  interactions: { url: (ctx, { uid }) => `${MOUNT}/interaction/${uid}` },
  jwks: { keys: [signingKey()] },
  pairwiseIdentifier: (ctx, accountId, { sectorIdentifier }) => (
    `${createHash('sha256').update(`${issuer} ${sectorIdentifier} ${accountId}`).digest('hex')}v1`
  ),
  pkce: { required: () => false },
  routes: {
    authorization: '/authorize',
    end_session: '/session/end',
    jwks: '/jwks',
    revocation: '/token/revocation',
    token: '/token',
    userinfo: '/userinfo',
  },
  scopes: ['openid', 'identite_pivot', 'preferred_username', 'email'],
  subjectTypes: ['pairwise'],
  ttl: { AccessToken: 60, AuthorizationCode: 30, Grant: 30, IdToken: 60, Session: 1800 },
});
provider.on('server_error', (ctx, error) => console.error(error));

function showSignOut(ctx, form) {
  ctx.body = page(`${form}<button form="op.logoutForm" name="logout" value="yes">Oui</button>`);
}

function button(action, label) {
  return `<form method="post" action="${action}"><button>${label}</button></form>`;
}

function page(body) {
  return `<!DOCTYPE html><html lang="fr"><meta charset="utf-8"><title>FranceConnect</title>${body}`;
}

/** The one page of a sign-in: a button to identify and continue, another to turn back. */
async function interact(request, response) {
  const { params } = await provider.interactionDetails(request, response);
  if (request.method !== 'POST') {
    response.setHeader('Content-Type', 'text/html; charset=utf-8');
    const { url } = request;
    response.end(page(button(url, 'Continuer') + button(`${url}/abort`, 'Revenir')));
    return;
  }
  await provider.interactionFinished(request, response, request.url.endsWith('/abort')
    ? { error: 'access_denied', error_description: 'User auth aborted' }
    : {
      login: { accountId: RESIDENT, acr: level, amr: ['fc', 'pwd'] },
      consent: { grantId: await grantOf(params) },
    });
}

function grantOf({ client_id: clientId, scope }) {
  const grant = new provider.Grant({ accountId: RESIDENT, clientId });
  grant.addOIDCScope(scope);
  return grant.save();
}

const answer = provider.callback();
createServer((request, response) => {
  if (request.url.startsWith(`${MOUNT}/interaction/`)) return interact(request, response);
  request.originalUrl = request.url; // as any framework leaves it that mounts an application
  request.url = request.url.slice(MOUNT.length);
  return answer(request, response);
}).listen(port, '127.0.0.1', () => console.log(issuer));
process.stdin.resume().on('end', () => process.exit());
