package dev.telepath.agent.direct;

import com.google.protobuf.ByteString;
import dev.telepath.tunnel.direct.TicketKey;
import dev.telepath.tunnel.transport.JoinToken;
import io.grpc.netty.GrpcSslContexts;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.ByteArrayInputStream;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.util.HexFormat;
import javax.net.ssl.SSLException;

/**
 * By what clients know this process, and it them. Lives as long as the process; the private key never leaves it.
 *
 * @param fingerprint SHA-256 of the certificate in DER
 */
record Identity(SslContext tls, ByteString fingerprint, TicketKey tickets) {
    /** A new key, on P-256. */
    static KeyPair newKey() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("EC P-256 is part of every Java runtime", e);
        }
    }

    /**
     * @param der what the manager has made of the public key
     * @throws IllegalArgumentException when that is no certificate of this key
     */
    static Identity of(KeyPair key, ByteString der) {
        try {
            var certificate = (X509Certificate) CertificateFactory.getInstance("X.509")
                    .generateCertificate(new ByteArrayInputStream(der.toByteArray()));
            if (!certificate.getPublicKey().equals(key.getPublic())) {
                throw new IllegalArgumentException("the manager's certificate is of another key");
            }
            byte[] fingerprint = HexFormat.of().parseHex(JoinToken.fingerprint(certificate));
            return new Identity(
                    context(key.getPrivate(), certificate), ByteString.copyFrom(fingerprint), TicketKey.random());
        } catch (CertificateException e) {
            throw new IllegalArgumentException("the manager's certificate cannot be read: " + e.getMessage(), e);
        } catch (SSLException e) {
            throw new IllegalStateException("TLS is not available in this Java runtime", e);
        }
    }

    private static SslContext context(PrivateKey key, X509Certificate certificate) throws SSLException {
        return GrpcSslContexts.configure(SslContextBuilder.forServer(key, certificate), SslProvider.JDK)
                .build();
    }

    /** No secret. */
    @Override
    public String toString() {
        return "Identity[" + fingerprint.size() + " bytes]";
    }
}
