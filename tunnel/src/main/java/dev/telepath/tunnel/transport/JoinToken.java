package dev.telepath.tunnel.transport;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.HexFormat;

/**
 * What an edge needs to trust a manager and be trusted by it: the fingerprint of the installation's CA, and a signed
 * bearer token. Text form {@code tp1.<fingerprint, base64url>.<bearer token>}.
 *
 * @param caFingerprint SHA-256 of the CA certificate, 64 hexadecimal digits
 * @param bearer the signed token (a JWT), secret
 */
public record JoinToken(String caFingerprint, String bearer) {
    private static final String PREFIX = "tp1.";
    private static final int MAX_LENGTH = 8192;

    /**
     * Reads the text form; white space around it is ignored.
     *
     * @throws IllegalArgumentException with a message for the user, which never repeats the token
     */
    public static JoinToken parse(String text) {
        String token = text.strip();
        if (token.isEmpty()) {
            throw new IllegalArgumentException("the join token is empty");
        }
        if (!token.startsWith(PREFIX) || token.length() > MAX_LENGTH) {
            throw new IllegalArgumentException(
                    "not a join token: it starts with tp1. (telepath-manager init prints one)");
        }
        int dot = token.indexOf('.', PREFIX.length());
        if (dot < 0) {
            throw new IllegalArgumentException("the join token is cut short");
        }
        byte[] pin;
        try {
            pin = Base64.getUrlDecoder().decode(token.substring(PREFIX.length(), dot));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("the join token is damaged", e);
        }
        if (pin.length != 32 || dot + 1 == token.length()) {
            throw new IllegalArgumentException("the join token is damaged or cut short");
        }
        return new JoinToken(HexFormat.of().formatHex(pin), token.substring(dot + 1));
    }

    /** The text form. Secret. */
    public String format() {
        return PREFIX
                + Base64.getUrlEncoder()
                        .withoutPadding()
                        .encodeToString(HexFormat.of().parseHex(caFingerprint))
                + "." + bearer;
    }

    /** SHA-256 of a certificate, as 64 hexadecimal digits. */
    public static String fingerprint(X509Certificate certificate) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(certificate.getEncoded()));
        } catch (NoSuchAlgorithmException | CertificateEncodingException e) {
            throw new IllegalStateException("SHA-256 of a certificate cannot fail", e);
        }
    }

    /** Never the token. */
    @Override
    public String toString() {
        return "JoinToken[ca " + caFingerprint + "]";
    }
}
