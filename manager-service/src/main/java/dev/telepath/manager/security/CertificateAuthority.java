package dev.telepath.manager.security;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;

/**
 * The installation's own CA: EC P-256, signs managers only. A join token pins its certificate, so it is made once and
 * lives for ten years; the server's certificate is renewed at start.
 *
 * @param certificate self-signed
 */
record CertificateAuthority(X509Certificate certificate, PrivateKey key) {
    private static final Duration CA_LIFE = Duration.ofDays(3650);
    private static final Duration SERVER_LIFE = Duration.ofDays(397);

    /** A certificate with its key. */
    record Issued(X509Certificate certificate, PrivateKey key) {}

    static CertificateAuthority create(Instant now) {
        try {
            KeyPair pair = EcCertificates.keyPair();
            var name = new X500Name("CN=Telepath CA");
            var builder = new JcaX509v3CertificateBuilder(
                    name,
                    EcCertificates.serial(),
                    EcCertificates.from(now),
                    EcCertificates.until(now, CA_LIFE),
                    name,
                    pair.getPublic());
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(0));
            builder.addExtension(
                    Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.digitalSignature));
            return new CertificateAuthority(EcCertificates.sign(builder, pair.getPrivate()), pair.getPrivate());
        } catch (GeneralSecurityException | OperatorCreationException | IOException e) {
            throw new IllegalStateException("EC P-256 is part of every Java runtime", e);
        }
    }

    /**
     * @param further DNS names beyond this machine's
     */
    Issued issueServer(Instant now, List<String> further) {
        try {
            KeyPair pair = EcCertificates.keyPair();
            var builder = new JcaX509v3CertificateBuilder(
                    certificate,
                    EcCertificates.serial(),
                    EcCertificates.from(now),
                    EcCertificates.until(now, SERVER_LIFE),
                    new javax.security.auth.x500.X500Principal("CN=Telepath manager"),
                    pair.getPublic());
            EcCertificates.ofServer(builder);
            builder.addExtension(Extension.subjectAlternativeName, false, names(further));
            return new Issued(EcCertificates.sign(builder, key), pair.getPrivate());
        } catch (GeneralSecurityException | OperatorCreationException | IOException e) {
            throw new IllegalStateException("EC P-256 is part of every Java runtime", e);
        }
    }

    private static GeneralNames names(List<String> further) {
        List<GeneralName> names = new ArrayList<>();
        names.add(new GeneralName(GeneralName.dNSName, "localhost"));
        names.add(new GeneralName(GeneralName.dNSName, "telepath-manager"));
        names.add(new GeneralName(GeneralName.iPAddress, "127.0.0.1"));
        names.add(new GeneralName(GeneralName.iPAddress, "::1"));
        further.stream()
                .filter(name -> !name.equals("localhost") && !name.equals("telepath-manager"))
                .forEach(name -> names.add(new GeneralName(GeneralName.dNSName, name)));
        try {
            String host = InetAddress.getLocalHost().getHostName();
            if (host.matches("[A-Za-z0-9.-]{1,253}") && !host.equals("localhost")) {
                names.add(new GeneralName(GeneralName.dNSName, host));
            }
        } catch (UnknownHostException e) {
            // A machine without a name is reached by its address; the join token pins the CA, not the name.
        }
        return new GeneralNames(names.toArray(new GeneralName[0]));
    }
}
