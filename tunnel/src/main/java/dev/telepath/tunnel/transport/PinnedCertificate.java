package dev.telepath.tunnel.transport;

import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;

/** Trusts one server's very certificate, whoever has signed it and until when: its fingerprint came from a manager. */
final class PinnedCertificate extends ServerTrust {
    private final String fingerprint;

    PinnedCertificate(String fingerprint) {
        this.fingerprint = fingerprint;
    }

    @Override
    protected void check(X509Certificate[] chain, String type) throws CertificateException {
        if (!JoinToken.fingerprint(chain[0]).equals(fingerprint)) {
            throw new CertificateException("the agent's certificate is not the one that the manager told");
        }
    }
}
