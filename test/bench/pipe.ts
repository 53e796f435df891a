/**
 * A bare Node pipe: what any proxy in Node costs before it does anything. It ends TLS where the client asks for
 * it, as Postern does. `node pipe.ts UPSTREAM_PORT CERT_FILE KEY_FILE`
 */
import { readFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import { SSL_REQUEST } from './messages.ts';

const [upstreamPort, certFile = '', keyFile = ''] = process.argv.slice(2);
const secureContext = createSecureContext({ cert: readFileSync(certFile), key: readFileSync(keyFile) });

function join(client: Socket, first: Buffer | null): void {
  const upstream = connect({ port: Number(upstreamPort), host: '127.0.0.1', noDelay: true });
  if (first !== null) upstream.write(first);
  client.pipe(upstream);
  upstream.pipe(client);
  client.on('error', () => upstream.destroy());
  upstream.on('error', () => client.destroy());
}

const server = createServer({ noDelay: true }, (client) => {
  client.on('error', () => client.destroy());
  client.once('data', (first) => {
    if (!SSL_REQUEST.equals(first)) return join(client, first);
    client.write('S');
    const secure = new TLSSocket(client, { isServer: true, secureContext, ALPNProtocols: ['postgresql'] });
    join(secure, null);
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.send?.({ port: typeof address === 'object' ? address?.port : null });
});
process.on('disconnect', () => process.exit(0));
