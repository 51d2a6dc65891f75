package dev.telepath.manager.security;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import org.bouncycastle.asn1.sec.SECObjectIdentifiers;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.math.ec.custom.sec.SecP256R1Curve;
import org.bouncycastle.operator.OperatorCreationException;

/**
 * Certificates for the keys that agents listen with. Each is signed by a key made for it and forgotten, so nobody can
 * trust who has signed it: clients are told the certificate itself. The installation's CA signs managers only, and has no
 * part in it. Thread-safe; takes about a millisecond.
 */
public final class AgentCertificates {
    private static final int MAX_KEY_BYTES = 256;
    /** The mark of an uncompressed point, and its two coordinates. */
    private static final int POINT_BYTES = 1 + 32 + 32;

    private static final byte UNCOMPRESSED = 4;
    private static final Duration LIFE = Duration.ofDays(3650);

    private AgentCertificates() {}

    /**
     * A certificate of a TLS server, valid from an hour before now for ten years.
     *
     * @param publicKey SubjectPublicKeyInfo in DER of a key on P-256, at most 256 bytes
     * @return X.509 v3 in DER
     * @throws IllegalArgumentException when the key is not such a one, with a message for its sender
     */
    public static byte[] issue(byte[] publicKey, Instant now) {
        SubjectPublicKeyInfo key = checked(publicKey);
        try {
            var builder = new X509v3CertificateBuilder(
                    new X500Name("CN=Telepath direct link"),
                    EcCertificates.serial(),
                    EcCertificates.from(now),
                    EcCertificates.until(now, LIFE),
                    new X500Name("CN=Telepath agent"),
                    key);
            EcCertificates.ofServer(builder);
            return EcCertificates.sign(builder, EcCertificates.keyPair().getPrivate())
                    .getEncoded();
        } catch (GeneralSecurityException | OperatorCreationException | IOException e) {
            throw new IllegalStateException("EC P-256 is part of every Java runtime", e);
        }
    }

    private static SubjectPublicKeyInfo checked(byte[] der) {
        if (der.length == 0 || der.length > MAX_KEY_BYTES) {
            throw new IllegalArgumentException(
                    "a public key has 1 to " + MAX_KEY_BYTES + " bytes in DER, not " + der.length);
        }
        SubjectPublicKeyInfo key;
        boolean p256;
        byte[] point;
        try {
            key = SubjectPublicKeyInfo.getInstance(der);
            p256 = key.getAlgorithm()
                    .equals(new AlgorithmIdentifier(
                            X9ObjectIdentifiers.id_ecPublicKey, SECObjectIdentifiers.secp256r1));
            point = key.getPublicKeyData().getOctets();
        } catch (RuntimeException e) {
            // The parser has many exceptions for what it cannot read, some of them late.
            throw new IllegalArgumentException("the public key is no SubjectPublicKeyInfo in DER", e);
        }
        if (!p256) {
            throw new IllegalArgumentException("the public key is not an EC key on the named curve P-256");
        }
        if (!onCurve(point)) {
            throw new IllegalArgumentException("the public key is no uncompressed point on P-256");
        }
        return key;
    }

    private static boolean onCurve(byte[] point) {
        if (point.length != POINT_BYTES || point[0] != UNCOMPRESSED) {
            return false;
        }
        try {
            return new SecP256R1Curve().decodePoint(point).isValid();
        } catch (IllegalArgumentException e) {
            return false;
        }
    }
}
