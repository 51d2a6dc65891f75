package dev.telepath.tunnel.direct;

import com.google.protobuf.ByteString;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * An agent's secret, by which a manager makes tickets for clients and the agent knows them again, with nothing kept for
 * any. A ticket opens nothing but the streams that the agent has for that client's session. Immutable.
 */
public final class TicketKey {
    /** Bytes of a key, and of a ticket. */
    public static final int SIZE = 32;

    private static final String ALGORITHM = "HmacSHA256";

    private final ByteString secret;

    private TicketKey(ByteString secret) {
        this.secret = secret;
    }

    /** A new one, of a random secret. */
    public static TicketKey random() {
        byte[] secret = new byte[SIZE];
        new SecureRandom().nextBytes(secret);
        return new TicketKey(ByteString.copyFrom(secret));
    }

    /**
     * One that an agent has told.
     *
     * @throws IllegalArgumentException when it has not {@link #SIZE} bytes
     */
    public static TicketKey of(ByteString secret) {
        if (secret.size() != SIZE) {
            throw new IllegalArgumentException("a ticket key has " + SIZE + " bytes, not " + secret.size());
        }
        return new TicketKey(secret);
    }

    /** For the manager alone. */
    public ByteString secret() {
        return secret;
    }

    /** What proves that a manager lets that client's session connect; RFC 2104. */
    public ByteString ticket(String clientSession) {
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(new SecretKeySpec(secret.toByteArray(), ALGORITHM));
            return ByteString.copyFrom(mac.doFinal(clientSession.getBytes(StandardCharsets.UTF_8)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("HMAC-SHA256 is part of every Java runtime", e);
        }
    }

    /** Whether it is that session's ticket; takes as long for a wrong one as for the right one. */
    public boolean opens(String clientSession, byte[] ticket) {
        return MessageDigest.isEqual(ticket(clientSession).toByteArray(), ticket);
    }

    @Override
    public String toString() {
        return "TicketKey[secret]";
    }
}
