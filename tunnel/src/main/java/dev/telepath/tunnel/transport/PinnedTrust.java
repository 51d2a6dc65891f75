package dev.telepath.tunnel.transport;

import java.security.GeneralSecurityException;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;

/**
 * Trusts the one CA whose fingerprint the join token names, whatever address the manager is reached at: that CA signs
 * managers only.
 */
final class PinnedTrust extends ServerTrust {
    private final String caFingerprint;

    PinnedTrust(String caFingerprint) {
        this.caFingerprint = caFingerprint;
    }

    @Override
    protected void check(X509Certificate[] chain, String type) throws CertificateException {
        X509Certificate ca = chain[chain.length - 1];
        if (!JoinToken.fingerprint(ca).equals(caFingerprint)) {
            throw new CertificateException("the manager's CA is not the one that the join token pins");
        }
        X509Certificate leaf = chain[0];
        try {
            leaf.checkValidity();
            ca.checkValidity();
            if (chain.length > 2) {
                throw new CertificateException("the manager's chain has " + chain.length + " certificates, expected 2");
            }
            leaf.verify(ca.getPublicKey());
        } catch (CertificateException e) {
            throw e;
        } catch (GeneralSecurityException e) {
            throw new CertificateException("the manager's certificate is not signed by the pinned CA", e);
        }
    }
}
