/** Server-side TLS for agents: the context, the hash that SCRAM binds to, and the handshake itself. */
import { createHash, X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { createSecureContext, TLSSocket, type SecureContext } from 'node:tls';
import type { TlsFiles } from '../config/installation.ts';
import { PosternError } from '../errors.ts';

export type ServerTls = { readonly context: SecureContext; readonly endPoint: Buffer | null };

export function serverTls(files: TlsFiles): ServerTls {
  const context = createSecureContext({ cert: files.certPem, key: files.keyPem, minVersion: 'TLSv1.2' });
  return { context, endPoint: endPointHash(new X509Certificate(files.certPem)) };
}

/**
 * `tls-server-end-point` of RFC 5929: the certificate's hash under its signature's hash function, SHA-256
 * where that is MD5 or SHA-1; null where the signature names none (Ed25519), for then there is no binding.
 */
export function endPointHash(certificate: X509Certificate): Buffer | null {
  const algorithm = certificate.signatureAlgorithm?.toLowerCase() ?? '';
  const hash = /sha(384|512)/.exec(algorithm)?.[0] ?? (/sha(1|256)|md5/.test(algorithm) ? 'sha256' : null);
  return hash === null ? null : createHash(hash).update(certificate.raw).digest();
}

/**
 * Upgrades a connection to TLS. Bytes put back on the socket are read first.
 * @param direct without an SSLRequest before it: the client must then name the protocol by ALPN
 */
export async function upgrade(socket: Socket, tls: ServerTls, direct: boolean): Promise<TLSSocket> {
  const secure = new TLSSocket(socket, {
    isServer: true,
    secureContext: tls.context,
    ALPNProtocols: ['postgresql'],
  });
  await new Promise<void>((resolve, reject) => {
    const failed = (): void =>
      reject(new PosternError('protocol-violation', { reason: 'the TLS handshake failed' }));
    secure.once('secure', () => resolve());
    // Kept for good: an error that nobody listens for would end the process.
    secure.on('error', failed);
    secure.once('close', failed);
  });
  if (direct && secure.alpnProtocol !== 'postgresql') {
    secure.destroy();
    throw new PosternError('protocol-violation', { reason: 'direct TLS without ALPN "postgresql"' });
  }
  return secure;
}
