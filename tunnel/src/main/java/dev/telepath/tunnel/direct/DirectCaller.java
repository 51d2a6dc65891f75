package dev.telepath.tunnel.direct;

import com.google.protobuf.ByteString;
import io.grpc.Metadata;
import java.util.Base64;
import java.util.Optional;

/**
 * What a client says of itself with each call to an agent.
 *
 * @param session the client's own
 * @param ticket from the manager, for that session at that agent
 */
public record DirectCaller(String session, ByteString ticket) {
    private static final Metadata.Key<String> SESSION =
            Metadata.Key.of("telepath-session", Metadata.ASCII_STRING_MARSHALLER);
    private static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
    private static final String BEARER = "Bearer ";

    /** Puts it into the headers of a call. */
    public void write(Metadata headers) {
        headers.put(SESSION, session);
        headers.put(
                AUTHORIZATION, BEARER + Base64.getUrlEncoder().withoutPadding().encodeToString(ticket.toByteArray()));
    }

    /** Whose call it is, if the headers show a ticket of that key. */
    public static Optional<String> session(Metadata headers, TicketKey key) {
        String session = headers.get(SESSION);
        String authorization = headers.get(AUTHORIZATION);
        if (session == null || authorization == null || !authorization.startsWith(BEARER)) {
            return Optional.empty();
        }
        byte[] shown;
        try {
            shown = Base64.getUrlDecoder().decode(authorization.substring(BEARER.length()));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
        return key.opens(session, shown) ? Optional.of(session) : Optional.empty();
    }

    @Override
    public String toString() {
        return "DirectCaller[session=" + session + "]";
    }
}
