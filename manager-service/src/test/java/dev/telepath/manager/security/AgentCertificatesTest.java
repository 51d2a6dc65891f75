package dev.telepath.manager.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.ByteArrayInputStream;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SignatureException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class AgentCertificatesTest {
    private static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");

    private static KeyPair ec(String curve) throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec(curve));
        return generator.generateKeyPair();
    }

    private static byte[] p256() throws Exception {
        return ec("secp256r1").getPublic().getEncoded();
    }

    private static X509Certificate parsed(byte[] der) throws Exception {
        return (X509Certificate)
                CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(der));
    }

    private static void assertRefused(byte[] key, String message) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> AgentCertificates.issue(key, NOW))
                .withMessageContaining(message);
    }

    @Test
    void itIsATlsServersAndHasTheAgentsKey() throws Exception {
        KeyPair agent = ec("secp256r1");

        X509Certificate made = parsed(AgentCertificates.issue(agent.getPublic().getEncoded(), NOW));

        assertThat(made.getPublicKey()).isEqualTo(agent.getPublic());
        assertThat(made.getVersion()).isEqualTo(3);
        assertThat(made.getSubjectX500Principal().getName()).isEqualTo("CN=Telepath agent");
        assertThat(made.getIssuerX500Principal().getName()).isEqualTo("CN=Telepath direct link");
        assertThat(made.getBasicConstraints()).as("no CA").isEqualTo(-1);
        assertThat(made.getKeyUsage()).startsWith(true, false, false, false, false, false);
        assertThat(made.getExtendedKeyUsage()).containsExactly("1.3.6.1.5.5.7.3.1");
        assertThat(made.getNotBefore()).isEqualTo(NOW.minus(Duration.ofHours(1)));
        assertThat(made.getNotAfter()).isEqualTo(NOW.plus(Duration.ofDays(3650)));
        assertThat(made.getSerialNumber()).isPositive();
    }

    @Test
    void nobodysKeyHasSignedIt() throws Exception {
        KeyPair agent = ec("secp256r1");
        CertificateAuthority ca = CertificateAuthority.create(NOW);

        X509Certificate made = parsed(AgentCertificates.issue(agent.getPublic().getEncoded(), NOW));
        X509Certificate again = parsed(AgentCertificates.issue(agent.getPublic().getEncoded(), NOW));

        assertThatExceptionOfType(SignatureException.class)
                .isThrownBy(() -> made.verify(ca.certificate().getPublicKey()));
        assertThatExceptionOfType(SignatureException.class).isThrownBy(() -> made.verify(agent.getPublic()));
        assertThat(made.getIssuerX500Principal()).isNotEqualTo(ca.certificate().getSubjectX500Principal());
        assertThat(made.getSerialNumber()).isNotEqualTo(again.getSerialNumber());
    }

    @Test
    void theInstallationsOwnAreAsTheyWere() throws Exception {
        CertificateAuthority ca = CertificateAuthority.create(NOW);
        X509Certificate manager =
                ca.issueServer(NOW, List.of("manager.example")).certificate();

        manager.verify(ca.certificate().getPublicKey());
        assertThat(manager.getExtendedKeyUsage()).containsExactly("1.3.6.1.5.5.7.3.1");
        assertThat(manager.getBasicConstraints()).isEqualTo(-1);
        assertThat(manager.getNotAfter()).isEqualTo(NOW.plus(Duration.ofDays(397)));
        assertThat(ca.certificate().getNotBefore()).isEqualTo(NOW.minus(Duration.ofHours(1)));
    }

    @Test
    void otherKeysAreRefused() throws Exception {
        KeyPairGenerator rsa = KeyPairGenerator.getInstance("RSA");
        rsa.initialize(1024);
        assertRefused(rsa.generateKeyPair().getPublic().getEncoded(), "on the named curve P-256");
        assertRefused(ec("secp384r1").getPublic().getEncoded(), "on the named curve P-256");
        assertRefused(
                KeyPairGenerator.getInstance("Ed25519")
                        .generateKeyPair()
                        .getPublic()
                        .getEncoded(),
                "on the named curve P-256");
    }

    @Test
    void whatIsTooShortOrTooLongIsRefusedUnread() throws Exception {
        assertRefused(new byte[0], "1 to 256 bytes in DER, not 0");
        assertRefused(new byte[257], "1 to 256 bytes in DER, not 257");
        assertRefused(ec("secp256r1").getPrivate().getEncoded(), "public key");
    }

    @Test
    void aKeyThatIsCutOrContinuedIsRefused() throws Exception {
        byte[] key = p256();
        for (int length = 1; length < key.length; length++) {
            assertRefused(Arrays.copyOf(key, length), "the public key is no");
        }
        assertRefused(Arrays.copyOf(key, key.length + 1), "the public key is no");
    }

    @Test
    void aKeyWithAnyBitTurnedIsRefused() throws Exception {
        byte[] key = p256();
        for (int bit = 0; bit < key.length * 8; bit++) {
            byte[] turned = key.clone();
            turned[bit / 8] ^= (byte) (1 << (bit % 8));
            assertRefused(turned, "the public key is no");
        }
    }
}
