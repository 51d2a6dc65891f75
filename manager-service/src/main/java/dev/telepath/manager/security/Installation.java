package dev.telepath.manager.security;

import dev.telepath.tunnel.transport.JoinToken;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.CertificateFactory;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.List;

/**
 * The data directory: CA, server certificate, signing key. Files are written whole with mode 0600 in a directory of mode
 * 0700. Used before the server starts; blocking.
 */
public final class Installation {
    private static final Duration RENEW_BEFORE = Duration.ofDays(30);
    private static final int KEY_BYTES = 32;

    private final Path directory;
    private final boolean created;
    private final X509Certificate ca;
    private final Tokens tokens;

    private Installation(Path directory, boolean created, X509Certificate ca, Tokens tokens) {
        this.directory = directory;
        this.created = created;
        this.ca = ca;
        this.tokens = tokens;
    }

    /**
     * Opens the directory, making what is absent and renewing the server's certificate when it ends within 30 days or
     * lacks a name.
     *
     * @param names DNS names that the server's certificate must have
     * @throws IOException with a message for the user when a file cannot be read, written or understood
     */
    public static Installation open(Path directory, InstantSource clock, List<String> names) throws IOException {
        if (!Files.isDirectory(directory)) {
            Files.createDirectories(
                    directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        }
        Instant now = clock.instant();
        Path certificateFile = directory.resolve("ca.crt");
        Path keyFile = directory.resolve("ca.key");
        boolean created = !Files.exists(certificateFile);
        if (created) {
            var fresh = CertificateAuthority.create(now);
            write(keyFile, pem("PRIVATE KEY", fresh.key().getEncoded()));
            write(certificateFile, certificatePem(fresh.certificate()));
        }
        var authority = new CertificateAuthority(readCertificate(certificateFile), readKey(keyFile));
        Path serverFile = directory.resolve("server.crt");
        Path serverKey = directory.resolve("server.key");
        if (created || !Files.exists(serverKey) || endsSoon(serverFile, now) || lacks(serverFile, names)) {
            var server = authority.issueServer(now, names);
            write(serverKey, pem("PRIVATE KEY", server.key().getEncoded()));
            write(serverFile, certificatePem(server.certificate()) + certificatePem(authority.certificate()));
        }
        Path signing = directory.resolve("signing.key");
        if (!Files.exists(signing)) {
            byte[] key = new byte[KEY_BYTES];
            new SecureRandom().nextBytes(key);
            write(signing, Base64.getEncoder().encodeToString(key) + "\n");
        }
        return new Installation(
                directory, created, authority.certificate(), new Tokens(readSigningKey(signing), clock));
    }

    /** Whether the CA was made by this call of {@link #open}. */
    public boolean created() {
        return created;
    }

    /** Certificate of the CA, in PEM form, as the data directory of a running manager holds it. Blocks. */
    public static String caPem(Path directory) throws IOException {
        return Files.readString(directory.resolve("ca.crt"));
    }

    /** Fingerprint of the CA of a data directory, which edges pin. Blocks. */
    public static String caFingerprint(Path directory) throws IOException {
        return JoinToken.fingerprint(readCertificate(directory.resolve("ca.crt")));
    }

    public Path directory() {
        return directory;
    }

    public Tokens tokens() {
        return tokens;
    }

    /** A join token as text. Secret. */
    public String joinToken(String subject, Role role, Duration life) {
        return new JoinToken(JoinToken.fingerprint(ca), tokens.issue(subject, role, life)).format();
    }

    private static boolean endsSoon(Path certificate, Instant now) throws IOException {
        return !Files.exists(certificate)
                || readCertificate(certificate).getNotAfter().toInstant().isBefore(now.plus(RENEW_BEFORE));
    }

    /** Opens it with the names that every server has. */
    public static Installation open(Path directory, InstantSource clock) throws IOException {
        return open(directory, clock, List.of());
    }

    private static boolean lacks(Path certificate, List<String> names) throws IOException {
        try {
            var alternatives = readCertificate(certificate).getSubjectAlternativeNames();
            return names.stream()
                    .anyMatch(name ->
                            alternatives == null || alternatives.stream().noneMatch(one -> name.equals(one.get(1))));
        } catch (CertificateParsingException e) {
            throw damaged(certificate, e);
        }
    }

    private static void write(Path file, String text) throws IOException {
        Path next = Files.createTempFile(
                file.toAbsolutePath().getParent(),
                file.getFileName() + ".",
                ".new",
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(next, text);
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private static String certificatePem(X509Certificate certificate) throws IOException {
        try {
            return pem("CERTIFICATE", certificate.getEncoded());
        } catch (GeneralSecurityException e) {
            throw new IOException("a certificate could not be encoded", e);
        }
    }

    private static String pem(String what, byte[] der) {
        String body = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
        return "-----BEGIN " + what + "-----\n" + body + "\n-----END " + what + "-----\n";
    }

    private static X509Certificate readCertificate(Path file) throws IOException {
        try {
            return (X509Certificate) CertificateFactory.getInstance("X.509")
                    .generateCertificate(new ByteArrayInputStream(Files.readAllBytes(file)));
        } catch (GeneralSecurityException e) {
            throw damaged(file, e);
        }
    }

    private static PrivateKey readKey(Path file) throws IOException {
        String text = Files.readString(file, StandardCharsets.US_ASCII);
        String body = text.replaceAll("-----[A-Z ]+-----", "").replaceAll("\\s", "");
        try {
            return KeyFactory.getInstance("EC")
                    .generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(body)));
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            throw damaged(file, e);
        }
    }

    private static byte[] readSigningKey(Path file) throws IOException {
        try {
            byte[] key = Base64.getDecoder().decode(Files.readString(file).strip());
            if (key.length < KEY_BYTES) {
                throw new IllegalArgumentException("too short");
            }
            return key;
        } catch (IllegalArgumentException e) {
            throw damaged(file, e);
        }
    }

    private static IOException damaged(Path file, Exception cause) {
        return new IOException(
                file + " is damaged; put back a copy, or delete the directory and run: telepath-manager init", cause);
    }
}
