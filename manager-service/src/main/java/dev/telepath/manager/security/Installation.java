package dev.telepath.manager.security;

import dev.telepath.manager.settings.ManagerSettings;
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
import java.util.Optional;

/**
 * The data directory: CA, server certificate, signing key. Files are written whole with mode 0600 in a directory of mode
 * 0700. Used before the server starts; blocking.
 */
public final class Installation {
    private static final Duration RENEW_BEFORE = Duration.ofDays(30);
    private static final int KEY_BYTES = 32;
    static final String CA = "ca.crt";
    static final String CA_KEY = "ca.key";
    static final String SIGNING_KEY = "signing.key";
    private static final String SERVER = "server.crt";
    private static final String SERVER_KEY = "server.key";

    private final Path directory;
    private final Made made;
    private final X509Certificate ca;
    private final Tokens tokens;

    /** What was made anew. */
    private record Made(boolean ca, boolean server) {}

    private Installation(Path directory, Made made, X509Certificate ca, Tokens tokens) {
        this.directory = directory;
        this.made = made;
        this.ca = ca;
        this.tokens = tokens;
    }

    /**
     * Opens the directory of these settings. In Kubernetes its CA and signing key are those of a Secret, if the settings
     * name one. Blocks.
     *
     * @throws IOException with a message for the user when a file or the Secret cannot be read, written or understood
     */
    public static Installation open(ManagerSettings settings, InstantSource clock) throws IOException {
        Path directory = Path.of(settings.dataDir());
        List<String> names = ServerNames.of(settings);
        Optional<Path> supplied = settings.certificateDir().map(Path::of);
        return open(directory, clock, names, supplied);
    }

    /**
     * Opens the directory, making what is absent and renewing the server's certificate when it ends within 30 days or
     * lacks a name.
     *
     * @param names DNS names that the server's certificate must have
     * @throws IOException with a message for the user when a file cannot be read, written or understood
     */
    public static Installation open(Path directory, InstantSource clock, List<String> names) throws IOException {
        return open(directory, clock, names, Optional.empty());
    }

    /**
     * Opens it in the same way, but with a certificate of somebody else's CA.
     *
     * @param supplied directory with {@code tls.crt}, {@code tls.key} and {@code ca.crt}; what is new there is taken over
     */
    static Installation open(Path directory, InstantSource clock, List<String> names, Optional<Path> supplied)
            throws IOException {
        makeDirectory(directory);
        boolean created = supplied.isEmpty() && !Files.exists(directory.resolve(CA));
        boolean renewed;
        if (supplied.isPresent()) {
            renewed = take(directory, supplied.get());
        } else {
            renewed = issue(directory, clock.instant(), names, created);
        }
        Path signing = directory.resolve(SIGNING_KEY);
        if (!Files.exists(signing)) {
            byte[] key = new byte[KEY_BYTES];
            new SecureRandom().nextBytes(key);
            write(signing, Base64.getEncoder().encodeToString(key) + "\n");
        }
        return new Installation(
                directory,
                new Made(created, renewed),
                readCertificate(directory.resolve(CA)),
                new Tokens(readSigningKey(signing), clock));
    }

    static void makeDirectory(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            Files.createDirectories(
                    directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        }
    }

    /** Own CA: makes it where it is absent, and the server's certificate where that is needed. */
    private static boolean issue(Path directory, Instant now, List<String> names, boolean created) throws IOException {
        Path certificateFile = directory.resolve(CA);
        Path keyFile = directory.resolve(CA_KEY);
        if (created) {
            var fresh = CertificateAuthority.create(now);
            write(keyFile, pem("PRIVATE KEY", fresh.key().getEncoded()));
            write(certificateFile, certificatePem(fresh.certificate()));
        }
        var authority = new CertificateAuthority(readCertificate(certificateFile), readKey(keyFile));
        Path serverFile = directory.resolve(SERVER);
        Path serverKey = directory.resolve(SERVER_KEY);
        boolean needed = created
                || !Files.exists(serverKey)
                || endsSoon(serverFile, now)
                || lacks(serverFile, names)
                || !issuedBy(authority.certificate(), serverFile);
        if (needed) {
            var server = authority.issueServer(now, names);
            write(serverKey, pem("PRIVATE KEY", server.key().getEncoded()));
            write(serverFile, certificatePem(server.certificate()) + certificatePem(authority.certificate()));
        }
        return needed;
    }

    /** Somebody else's CA: the server's chain has to reach up to it, as edges look for it there. */
    private static boolean take(Path directory, Path supplied) throws IOException {
        for (String name : List.of("tls.crt", "tls.key", CA)) {
            if (!Files.isReadable(supplied.resolve(name))) {
                throw new IOException("the certificate directory " + supplied + " has no " + name
                        + "; it needs tls.crt, tls.key and ca.crt, as a Secret of cert-manager has them");
            }
        }
        String ca = certificatePem(readCertificate(supplied.resolve(CA)));
        var chain = new StringBuilder();
        for (X509Certificate one : readCertificates(supplied.resolve("tls.crt"))) {
            chain.append(certificatePem(one));
        }
        if (!chain.toString().contains(ca)) {
            chain.append(ca);
        }
        boolean changed = writeIfOther(directory.resolve(SERVER_KEY), Files.readString(supplied.resolve("tls.key")));
        changed |= writeIfOther(directory.resolve(SERVER), chain.toString());
        return changed | writeIfOther(directory.resolve(CA), ca);
    }

    /** Whether the CA was made by this opening. */
    public boolean created() {
        return made.ca();
    }

    /** Whether the server's certificate was made or taken over by this opening. */
    boolean renewed() {
        return made.server();
    }

    /** When the server's certificate ends. */
    Instant ends() throws IOException {
        return readCertificate(directory.resolve(SERVER)).getNotAfter().toInstant();
    }

    /** Certificate of the CA, in PEM form, as the data directory of a running manager holds it. Blocks. */
    public static String caPem(Path directory) throws IOException {
        return Files.readString(directory.resolve(CA));
    }

    /** Fingerprint of the CA of a data directory, which edges pin. Blocks. */
    public static String caFingerprint(Path directory) throws IOException {
        return JoinToken.fingerprint(readCertificate(directory.resolve(CA)));
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

    private static boolean issuedBy(X509Certificate ca, Path server) throws IOException {
        try {
            readCertificate(server).verify(ca.getPublicKey());
            return true;
        } catch (GeneralSecurityException e) {
            return false;
        }
    }

    private static boolean writeIfOther(Path file, String text) throws IOException {
        if (Files.exists(file) && Files.readString(file).equals(text)) {
            return false;
        }
        write(file, text);
        return true;
    }

    static void write(Path file, String text) throws IOException {
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

    private static List<X509Certificate> readCertificates(Path file) throws IOException {
        try {
            return CertificateFactory.getInstance("X.509")
                    .generateCertificates(new ByteArrayInputStream(Files.readAllBytes(file)))
                    .stream()
                    .map(X509Certificate.class::cast)
                    .toList();
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
